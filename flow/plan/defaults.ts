import type { Trigger } from '../../crds/v1alpha1/flow.ts'
import type { PlanOnError, PlanRetry } from './plan.ts'

// What a field means that was left out. Written down here and nowhere else: the plan holds the values, `weir plan` shows them.

export const retryDefaults: PlanRetry = { maxAttempts: 12, initialDelaySeconds: 1, maxDelaySeconds: 300, factor: 2 }
/** A built-in would fail again; only what a component calls can get better. */
export const builtInRetry: PlanRetry = { ...retryDefaults, maxAttempts: 1 }
export const thenDefault: PlanOnError['then'] = 'deadLetter'
export const timeoutSecondsDefault = 60
export const concurrencyDefaults = { process: 1, shared: 32 } as const
export const onUnknownDefault = 'deadLetter'

const scheduleDefaults = { timeZone: 'UTC', jitterSeconds: 0, missed: 'latest', overlap: 'allow' } as const
const pollDefaults = { untilEmpty: false } as const
const webhookDefaults = { methods: ['POST'], reply: 'accepted', maxBodyBytes: 1_048_576 } as const
const acceptedDefaults = { status: 202 } as const
const syncDefaults = { timeoutSeconds: 30, onTimeout: 'accepted' } as const
export const hmacDefaults = {
  header: 'x-signature',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: '',
  toleranceSeconds: 300,
} as const
const apiKeyDefaults = { in: 'header', name: 'X-API-Key' } as const

/** The trigger as written, with every default in its place. */
export function withTriggerDefaults(trigger: Trigger): Trigger {
  const { schedule, poll, webhook } = trigger
  return {
    ...trigger,
    ...(schedule && { schedule: { ...scheduleDefaults, ...schedule } }),
    ...(poll && { poll: { ...pollDefaults, ...poll } }),
    ...(webhook && { webhook: withWebhookDefaults(webhook) }),
  }
}

type Webhook = NonNullable<Trigger['webhook']>

function withWebhookDefaults(webhook: Webhook): Webhook {
  const { hmac, apiKey } = webhook.auth
  return {
    ...webhookDefaults,
    ...webhook,
    auth: {
      ...webhook.auth,
      ...(hmac && { hmac: { ...hmacDefaults, ...hmac } }),
      ...(apiKey && { apiKey: { ...apiKeyDefaults, ...apiKey } }),
    },
    accepted: { ...acceptedDefaults, ...webhook.accepted },
    ...(webhook.reply === 'sync' && { sync: { ...syncDefaults, ...webhook.sync } }),
  }
}

/** The trigger without what it would have anyway: written out or left out, a default means the same. */
export function withoutTriggerDefaults(trigger: Trigger): Readonly<Record<string, unknown>> {
  const { schedule, poll, webhook, listen, manual } = trigger
  return {
    ...(schedule && { schedule: without(schedule, scheduleDefaults) }),
    ...(poll && { poll: without(poll, pollDefaults) }),
    ...(webhook && { webhook: withoutWebhookDefaults(webhook) }),
    ...(listen && { listen }),
    ...(manual && { manual }),
  }
}

function withoutWebhookDefaults(webhook: Webhook): Readonly<Record<string, unknown>> {
  const { auth, accepted = {}, sync = {}, ...rest } = webhook
  const { hmac, apiKey } = auth
  return {
    ...without({ ...rest, methods: rest.methods && [...rest.methods].sort() }, webhookDefaults),
    auth: {
      ...auth,
      ...(hmac && { hmac: without(hmac, hmacDefaults) }),
      ...(apiKey && { apiKey: without(apiKey, apiKeyDefaults) }),
    },
    accepted: without(accepted, acceptedDefaults),
    sync: without(sync, syncDefaults),
  }
}

/** The fields that differ from their default. */
export function without<T extends object>(
  fields: T,
  defaults: Readonly<Partial<Record<keyof T, unknown>>>,
): Partial<T> {
  const kept: Partial<T> = {}
  for (const key in fields) if (!isSame(fields[key], defaults[key])) kept[key] = fields[key]
  return kept
}

function isSame(value: unknown, fallback: unknown): boolean {
  if (value === fallback) return true
  return typeof fallback === 'object' && JSON.stringify(value) === JSON.stringify(fallback)
}
