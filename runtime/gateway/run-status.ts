import type { Run, StepEvent } from '../store/store.ts'
import type { Answer } from './decide/answer.ts'
import { jsonAnswer, problem } from './decide/answer.ts'
import type { GatewayCore } from './hook-request.ts'

/** What is known of a run: how often what has happened to its messages. No data, no error texts: whoever has the id may see it. */
export async function runStatus(core: GatewayCore, id: string): Promise<Answer> {
  const run = core.recent.get(id) ?? (await core.store?.runs.get(id))
  if (run === undefined) return problem({ status: 404, code: 'NotFound', detail: 'there is no such run' })
  const events = (await core.store?.runs.events(id)) ?? []
  return jsonAnswer(200, statusOf(run, core.plans.active(run.flow)?.flow.name ?? run.flow, events), {
    'cache-control': 'no-store',
  })
}

function statusOf(run: Run, flow: string, events: readonly StepEvent[]) {
  const counts = new Map<StepEvent['kind'], number>()
  for (const { kind } of events) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const lastEventAt = events.reduce((latest, { at }) => Math.max(latest, at), 0)
  return {
    run: run.id,
    namespace: run.namespace,
    flow,
    trigger: run.trigger,
    revision: run.revision,
    startedAt: new Date(run.startedAt).toISOString(),
    ...(events.length > 0 && { lastEventAt: new Date(lastEventAt).toISOString() }),
    messages: Object.fromEntries(counts),
  }
}
