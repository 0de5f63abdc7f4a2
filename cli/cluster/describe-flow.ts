import type { Trigger } from '../../crds/v1alpha1/trigger.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { section, since } from './describe-object.ts'
import type { RevisionRow } from './flow-revisions.ts'
import { flowStateOf, type LiveFlow } from './flow-standing.ts'
import type { AskedLoads } from './ask-step-loads.ts'
import { rowsOfPlan, rowsOfSpec } from './step-rows.ts'

/** What the head of a flow's description says beyond that of others. */
export function flowFacts(flow: LiveFlow, nowMs: number): readonly (readonly [string, string | undefined])[] {
  const { spec, status = {} } = flow
  const { lastError } = status
  return [
    ['Standing', standingOf(flow)],
    ['Revision', revisionText(flow)],
    ['Backlog', text(status.backlog)],
    ['Dead letters', text(status.deadLetters)],
    ['Last run', ago(status.lastRunAt, nowMs)],
    ['Next run', status.nextRunAt],
    ['Last error', lastError && `${lastError.code}: ${lastError.message} (${ago(lastError.at, nowMs) ?? ''})`],
    ...spec.triggers.map((trigger) => ['Trigger', triggerText(flow, trigger)] as const),
  ]
}

function standingOf({ spec, metadata }: LiveFlow): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return 'being deleted'
  if (spec.freeze === true) return 'frozen: nothing moves'
  return spec.suspend === true ? 'suspended: no new runs' : undefined
}

function revisionText(flow: LiveFlow): string {
  const { activeRevision, pinnedRevision } = flow.status ?? {}
  const pending = flowStateOf(flow)?.pending
  const parts = [
    activeRevision === undefined ? 'none active' : `${activeRevision} active`,
    ...(pinnedRevision === undefined ? [] : [`a copy of ${pinnedRevision}, which is pinned`]),
    ...(pending === undefined
      ? []
      : [`${pending.revision} pending${pending.blocked === undefined ? '' : ` (${pending.blocked})`}`]),
  ]
  return parts.join(', ')
}

const triggerKinds = ['schedule', 'webhook', 'poll', 'listen', 'manual'] as const

function triggerText({ status }: LiveFlow, trigger: Trigger): string {
  const kind = triggerKinds.find((one) => trigger[one] !== undefined) ?? 'of no kind'
  const address = status?.webhooks?.find((one) => one.trigger === trigger.name)
  const more = address?.url ?? occasion(trigger)
  return `${trigger.name} (${kind})${more === undefined ? '' : ` ${more}`}`
}

function occasion({ schedule, webhook, poll }: Trigger): string | undefined {
  return schedule?.cron ?? webhook?.path ?? (poll && `every ${poll.everySeconds} s`)
}

/** The graph: of the plan that runs where there is one, else as it is written. */
export function stepsText(flow: LiveFlow, plan: Plan | undefined, loads: AskedLoads): string {
  const rows = plan === undefined ? rowsOfSpec(flow.spec) : rowsOfPlan(plan)
  const title = plan === undefined ? `Steps, as written: ${noPlan(flow)}` : `Steps of revision ${plan.revision}`
  const cells = rows.map(({ name, does, next, hasQueue }) => {
    const load = loads.kind === 'known' && hasQueue ? loads.of(name) : undefined
    return [name, does, text(load?.ready) ?? '-', load?.perSecond?.toFixed(1) ?? '-', next]
  })
  const remark = loads.kind === 'known' ? '' : `  waiting messages and rates are not known: ${loads.why}\n`
  return section(title, ['STEP', 'DOES', 'WAITING', 'PER SECOND', 'NEXT'], cells) + remark
}

function noPlan({ status: { activeRevision } = {} }: LiveFlow): string {
  return activeRevision === undefined ? 'no plan runs' : `the plan of revision ${activeRevision} is gone`
}

export function revisionsText(rows: readonly RevisionRow[], nowMs: number): string {
  const cells = rows.map(({ revision, state, hash, createdAt }) => [
    String(revision),
    state,
    hash.slice(0, 12),
    since(createdAt, nowMs) ?? '',
  ])
  return section('Revisions', ['REVISION', 'STATE', 'HASH', 'AGE'], cells)
}

function ago(instant: string | undefined, nowMs: number): string | undefined {
  const length = since(instant, nowMs)
  return length === undefined ? undefined : `${length} ago`
}

function text(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value)
}
