import type { QueueDepth } from '../../runtime/broker/broker.ts'
import { sleep } from '../../runtime/clock.ts'
import type { StepSample } from './live-table.ts'
import type { Session } from './session.ts'

const showEveryMs = 500
/** A server is asked for every queue. */
const askEveryMs = 2000

/** Shows the session's state until the signal, and how it is then; the first time after a while. */
export async function watch(
  session: Session,
  { afterMs, until }: { afterMs: number; until: AbortSignal },
): Promise<void> {
  const { runtime, view } = session
  const isOver = (): boolean => until.aborted
  await sleep(runtime.clock, afterMs, until).catch(() => {})
  const everyMs = runtime.embedded === undefined ? askEveryMs : showEveryMs
  const show = async (): Promise<void> => view.show({ samples: await samples(session), atMs: runtime.clock.now() })
  if (isOver()) return
  while (!isOver()) {
    await show()
    await sleep(runtime.clock, everyMs, until).catch(() => {})
  }
  await show()
}

async function samples({ runtime, counts, meters }: Session): Promise<StepSample[]> {
  const queues = queuesBySteps(runtime.plans.all)
  const here = new Map([...meters.all()].map(({ labels, inFlight }) => [`${labels.flow} ${labels.step}`, inFlight]))
  return Promise.all(
    counts.steps().map(async (step): Promise<StepSample> => {
      const place = queues.get(`${step.flow} ${step.step}`)
      const depth = place === undefined ? undefined : await depthOf(runtime, place.queue)
      if (place === undefined || depth === undefined) return step
      return { ...step, queue: shownDepth(depth, here.get(`${step.flow} ${place.stage}`) ?? 0) }
    }),
  )
}

/** Undefined while the broker does not say: others tell of that. */
async function depthOf({ broker }: Session['runtime'], queue: string): Promise<QueueDepth | undefined> {
  if (broker.health().kind === 'connecting') return undefined
  return broker.depth(queue).catch(() => undefined)
}

interface StagePlace {
  readonly queue: string
  readonly stage: string
}

/** A stage's queue stands at its first step. */
function queuesBySteps(plans: Session['runtime']['plans']['all']): ReadonlyMap<string, StagePlace> {
  return new Map(
    plans.flatMap(({ flow, stages }) =>
      stages.flatMap(({ entries: [first], queue, name: stage }) =>
        first === undefined ? [] : [[`${flow.name} ${first}`, { queue, stage }] as const],
      ),
    ),
  )
}

/** @param here messages that this process works on: all that a server lets know */
function shownDepth({ ready, parked = 0, unacknowledged }: QueueDepth, here: number): NonNullable<StepSample['queue']> {
  return { waiting: ready + parked, inFlight: unacknowledged ?? here }
}
