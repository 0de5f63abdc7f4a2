import type { Broker } from '../../../runtime/broker/broker.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { TransientError } from '../../../runtime/error.ts'
import type { Plan } from '../../../flow/plan/plan.ts'
import type { PlanSource } from '../../../runtime/plan-source.ts'
import { manualMessage } from '../../../runtime/trigger/decide/first-message.ts'
import { startRun } from '../../../runtime/trigger/start-run.ts'
import { freshId } from '../../../runtime/wire/message-id.ts'

/** Sends messages with the numbers 1, 2, 3… as a gateway would: what is not confirmed is sent again under the same id. */
export interface Sender {
  /** Numbers that were confirmed, or are being sent. */
  readonly sent: () => number
  /** Resolves when all are confirmed. */
  readonly send: (count: number, options?: SendOptions) => Promise<void>
  /** Publishes that had to be repeated: each may have doubled its message. */
  readonly repeated: () => number
}

export interface SendOptions {
  /** Unconfirmed at a time. */
  readonly atOnce?: number
  /** What a message says beside its number. */
  readonly data?: (n: number) => object
  /** Pause after each, in milliseconds. */
  readonly pauseMs?: number
  /** A view of the flow that may be out of date; as long as its queue takes messages. */
  readonly plan?: Plan
}

const again = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export function openSender({ broker, plans }: { readonly broker: Broker; readonly plans: PlanSource }): Sender {
  let sent = 0
  let repeated = 0
  const isStarted = async (run: string, data: object, stale?: Plan): Promise<boolean> => {
    const [flow = ''] = plans.flows()
    const plan = stale ?? plans.active(flow) ?? (await plans.refresh(flow))
    const [trigger] = plan?.triggers ?? []
    if (plan === undefined || trigger === undefined) throw new TransientError('NoPlan', 'no flow is active')
    const first = manualMessage(trigger, { data })
    const start = await startRun({ broker, clock: systemClock, ids: { freshId } }, { plan, trigger, first, run })
    if (start.kind === 'unroutable') await plans.refresh(flow)
    return start.kind === 'started'
  }
  const sendOne = async (n: number, data: object, stale?: Plan): Promise<void> => {
    const run = freshId()
    for (let isFirst = true; ; isFirst = false) {
      try {
        if (await isStarted(run, { n, ...data }, isFirst ? stale : undefined)) return
      } catch (error) {
        if (!(error instanceof TransientError)) throw error
        repeated += 1
      }
      await again(20)
    }
  }
  return {
    sent: () => sent,
    repeated: () => repeated,
    send: async (count, { atOnce = 100, data = () => ({}), pauseMs = 0, plan } = {}) => {
      const last = sent + count
      const sendNext = async (): Promise<void> => {
        while (sent < last) {
          sent += 1
          const n = sent
          await sendOne(n, data(n), plan)
          if (pauseMs > 0) await again(pauseMs)
        }
      }
      await Promise.all(Array.from({ length: Math.min(atOnce, count) }, sendNext))
    },
  }
}
