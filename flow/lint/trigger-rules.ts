import type { Trigger, WebhookTrigger } from '../../crds/v1alpha1/trigger.ts'
import type { Draft } from '../finding/draft.ts'
import type { Path } from '../finding/finding.ts'
import { listed, quoted } from '../finding/suggest.ts'
import { triggerKinds, triggerKindsOf } from '../plan/trigger-kinds.ts'
import { compileSchema } from '../schema/compile-schema.ts'
import { cronMistake, timeZoneMistake } from './cron.ts'
import type { FlowRule } from './flow-view.ts'

type TriggerRule = (trigger: Trigger, path: Path) => readonly Draft[]

function forEachTrigger(rule: TriggerRule): FlowRule {
  return ({ spec }) => spec.triggers.flatMap((trigger, at) => rule(trigger, ['spec', 'triggers', at]))
}

const triggerKind = forEachTrigger((trigger, path) => {
  const kinds = triggerKindsOf(trigger)
  if (kinds.length === 1) return []
  const name = quoted(trigger.name)
  if (kinds.length === 0) {
    const message = `trigger ${name} never fires: write one of ${listed(triggerKinds)}, as "manual: {}"`
    return [{ code: 'TriggerKind', path, message }]
  }
  const message = `trigger ${name} is several things at once, ${listed(kinds)}: make a trigger of each`
  return [{ code: 'TriggerKind', path: [...path, String(kinds[1])], key: true, message }]
})

const schedule = forEachTrigger((trigger, path) => {
  if (trigger.schedule === undefined) return []
  const { cron, timeZone } = trigger.schedule
  const cronMessage = cronMistake(cron)
  const zoneMessage = timeZone === undefined ? undefined : timeZoneMistake(timeZone)
  const drafts: Draft[] = []
  if (cronMessage !== undefined)
    drafts.push({ code: 'InvalidCron', path: [...path, 'schedule', 'cron'], message: cronMessage })
  if (zoneMessage !== undefined)
    drafts.push({ code: 'InvalidTimeZone', path: [...path, 'schedule', 'timeZone'], message: zoneMessage })
  return drafts
})

const authKinds = ['none', 'hmac', 'jwt', 'basic', 'apiKey', 'mtls'] as const

const webhook = forEachTrigger((trigger, path) => {
  if (trigger.webhook === undefined) return []
  const base = [...path, 'webhook']
  return [
    ...authDrafts(trigger.webhook, base),
    ...syncDrafts(trigger.webhook, base),
    ...pathDrafts(trigger.webhook, base),
    ...schemaDrafts(trigger.webhook, base),
  ]
})

function authDrafts({ auth }: WebhookTrigger, path: Path): readonly Draft[] {
  const kinds = authKinds.filter((kind) => auth[kind] !== undefined)
  if (kinds.length === 1) return []
  const message =
    kinds.length === 0
      ? `"auth" does not say who may call: write one of ${listed(authKinds)}, as "none: {}" for everybody`
      : `"auth" is several things at once, ${listed(kinds)}: keep one`
  return [{ code: 'WebhookAuth', path: [...path, 'auth'], key: true, message }]
}

function syncDrafts({ sync, reply }: WebhookTrigger, path: Path): readonly Draft[] {
  if (sync === undefined || reply === 'sync') return []
  const message = '"sync" says how to wait for an answer, and nobody waits: write "reply: sync", or remove it'
  return [{ code: 'FieldWithoutEffect', path: [...path, 'sync'], key: true, message }]
}

function pathDrafts({ path: text }: WebhookTrigger, path: Path): readonly Draft[] {
  const parameters = [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
  const twice = parameters.find((name, at) => parameters.indexOf(name) < at)
  if (twice === undefined) return []
  const message = `the parameter {${twice}} stands twice in the path: give each its own name`
  return [{ code: 'InvalidWebhookPath', path: [...path, 'path'], offset: text.lastIndexOf(`{${twice}}`), message }]
}

function schemaDrafts({ schema }: WebhookTrigger, path: Path): readonly Draft[] {
  const compiled = schema === undefined ? undefined : compileSchema(schema)
  if (compiled?.kind !== 'unusable') return []
  const message = `the schema cannot be used: ${compiled.message}`
  return [{ code: 'InvalidSchema', path: [...path, 'schema', ...compiled.path], message }]
}

/** What a trigger must be, taken by itself. */
export const triggerRules: readonly FlowRule[] = [triggerKind, schedule, webhook]
