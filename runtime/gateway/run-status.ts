import type { Run, StepEvent } from '../store/store.ts'
import { TransientError } from '../error.ts'
import type { Answer, RunPlace } from './decide/answer.ts'
import { jsonAnswer, notFound, problem } from './decide/answer.ts'
import type { GatewayCore } from './hook-request.ts'

/** What is known of a run: how often what has happened to its messages. No data, no error texts: whoever has the id may see it. */
export async function runStatus(core: GatewayCore, place: RunPlace): Promise<Answer> {
  if (core.load.isFull(false)) return unreadable
  try {
    return await core.load.receiving(() => statusNow(core, place))
  } catch (err) {
    if (!(err instanceof TransientError)) throw err
    core.log.warn({ err }, 'run not read')
    return unreadable
  }
}

async function statusNow({ recent, store, plans }: GatewayCore, { namespace, run: id }: RunPlace): Promise<Answer> {
  const run = recent.get(id) ?? (await store?.runs.get(id))
  if (run?.namespace !== namespace) return notFound
  const events = (await store?.runs.events(id)) ?? []
  return jsonAnswer(200, statusOf(run, plans.active(run.flow)?.flow.name ?? run.flow, events), {
    'cache-control': 'no-store',
  })
}

const unreadable = problem({
  status: 503,
  code: 'Unavailable',
  detail: 'what is known of runs cannot be read at the moment',
  headers: { 'retry-after': '5' },
})

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
