import type { Logger } from 'pino'
import type { Broker, Delivery, QueueDeclaration, Subscription } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'

export interface LastingParts {
  readonly broker: Pick<Broker, 'declareQueues' | 'consume'>
  readonly clock: Clock
  readonly log: Logger
}

const firstPauseMs = 1000
const longestPauseMs = 30_000

/**
 * Consumes a queue for as long as this is open: when the broker ends the subscription, because somebody has deleted the queue or
 * taken a permission away, the queue is declared and consumed again.
 *
 * @throws as the broker does, when it cannot be consumed at first
 */
export async function openLastingSubscription(
  parts: LastingParts,
  { queue, prefetch }: { readonly queue: QueueDeclaration; readonly prefetch: number },
  onDelivery: (delivery: Delivery) => void,
): Promise<Pick<Subscription, 'close'>> {
  const { broker, clock, log } = parts
  const closing = new AbortController()
  const { signal } = closing
  let opening: Promise<Subscription | undefined>

  const onEnd = (err: Error): void => {
    log.error({ queue: queue.name, err }, 'queue is no longer consumed, it is declared and consumed again')
    opening = again()
  }
  const open = async (): Promise<Subscription> => {
    await broker.declareQueues([queue])
    return broker.consume(queue.name, { prefetch, onEnd }, onDelivery)
  }
  let told = ''
  /** Once for each reason: it may be one that goes when somebody else has declared the queue. */
  const tell = (err: unknown): undefined => {
    const reason = err instanceof Error ? err.message : String(err)
    if (reason !== told) log.error({ queue: queue.name, err }, 'queue cannot be consumed again yet')
    told = reason
  }
  const again = async (): Promise<Subscription | undefined> => {
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      await sleep(clock, pauseMs, signal).catch(() => {}) // the loop's condition looks at the end
      const opened = signal.aborted ? undefined : await open().catch(tell)
      if (opened === undefined) continue
      log.info({ queue: queue.name }, 'queue is consumed again')
      told = ''
      return opened
    }
    return undefined
  }

  opening = open()
  await opening
  return {
    close: async () => {
      closing.abort()
      const subscription = await opening
      await subscription?.close()
    },
  }
}
