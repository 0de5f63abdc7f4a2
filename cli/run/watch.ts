import type { QueueDepth } from '../../runtime/broker/broker.ts'
import { sleep } from '../../runtime/clock.ts'
import type { StepSample } from './live-table.ts'
import type { Session } from './session.ts'

const showEveryMs = 500

/** Shows the session's state until the signal, and how it is then; the first time after a while. */
export async function watch(
  session: Session,
  { afterMs, until }: { afterMs: number; until: AbortSignal },
): Promise<void> {
  const { runtime, view } = session
  const isOver = (): boolean => until.aborted
  await sleep(runtime.clock, afterMs, until).catch(() => {})
  const show = async (): Promise<void> => view.show({ samples: await samples(session), atMs: runtime.clock.now() })
  if (isOver()) return
  while (!isOver()) {
    await show()
    await sleep(runtime.clock, showEveryMs, until).catch(() => {})
  }
  await show()
}

async function samples({ runtime, counts }: Session): Promise<StepSample[]> {
  const queues = queuesBySteps(runtime.plans.all)
  return Promise.all(
    counts.steps().map(async (step): Promise<StepSample> => {
      const queue = queues.get(`${step.flow} ${step.step}`)
      const depth = queue === undefined ? undefined : await runtime.broker.depth(queue)
      return depth === undefined ? step : { ...step, queue: shownDepth(depth) }
    }),
  )
}

/** A stage's queue stands at its first step. */
function queuesBySteps(plans: Session['runtime']['plans']['all']): ReadonlyMap<string, string> {
  return new Map(
    plans.flatMap(({ flow, stages }) =>
      stages.flatMap(({ entries: [first], queue }) =>
        first === undefined ? [] : [[`${flow.name} ${first}`, queue] as const],
      ),
    ),
  )
}

function shownDepth({ ready, parked = 0, unacknowledged = 0 }: QueueDepth): NonNullable<StepSample['queue']> {
  return { waiting: ready + parked, inFlight: unacknowledged }
}
