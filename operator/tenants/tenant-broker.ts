import type { Logger } from 'pino'
import { openBackoff } from '../../kube/backoff.ts'
import type { Broker, ConsumeOptions, QueueDeclaration, Subscription } from '../../runtime/broker/broker.ts'
import { PermanentError, TransientError } from '../../runtime/error.ts'
import { openLazyLink, type LazyLink } from './lazy-link.ts'
import { callThroughGate, type GateParts } from './through-gate.ts'

export interface TenantBrokerParts extends GateParts {
  /** Makes the vhost be as it should, then connects to it. */
  readonly open: () => Promise<Broker>
  /** Makes the vhost be as it should. */
  readonly repair: () => Promise<void>
  readonly log: Logger
  /** Without work for so long, it is closed. */
  readonly idleMs: number
}

/** A namespace's queues, as a driver of changes sees them. */
export interface TenantBroker extends Broker {
  /** Whether there is a connection now. */
  readonly isOpen: () => boolean
}

/** One call goes through so much trouble that no server is to blame for. */
const mostTries = 6
const retryPolicy = { firstMs: 200, factor: 2, longestMs: 5_000 }

/**
 * The vhost of a namespace, connected to when something is asked of it. While the server is down whoever asks waits, for as long as that takes; a vhost,
 * user or permission that somebody has deleted is made again, and with each connection all queues that were declared here.
 */
export function openTenantBroker(parts: TenantBrokerParts): TenantBroker {
  const declared = new Map<string, QueueDeclaration>()
  const link = openLazyLink({ ...parts, open: () => openOnce(parts, declared) })
  const consumers = new Set<(reason: Error) => void>()
  const renew = async (reason: Error): Promise<void> => {
    await link.close()
    for (const end of consumers) end(reason)
  }
  const call = callThroughGate(parts, link, {
    isOfServer: isTroubleOfServer,
    mend: async (error, tries) => {
      await mend(parts, error, tries)
      // What is declared as often as it connects is missing: it did not hear that its vhost was made anew.
      if (isMissing(error)) await renew(error)
    },
    pauses: () => openBackoff(retryPolicy, Math.random).nextMs,
  })
  return {
    isOpen: () => link.current() !== undefined,
    declareQueues: async (queues) => {
      // Known before it is done: what failed half-way may still be there.
      for (const queue of queues) declared.set(queue.name, queue)
      await call((broker) => broker.declareQueues(queues))
    },
    unbindQueue: (queue) => {
      declared.delete(queue)
      return call((broker) => broker.unbindQueue(queue))
    },
    deleteQueue: (queue) => {
      declared.delete(queue)
      return call((broker) => broker.deleteQueue(queue))
    },
    publish: (target, message) => call((broker) => broker.publish(target, message)),
    depth: (queue) => call((broker) => broker.depth(queue)),
    consume: (queue, options, onDelivery) =>
      call((broker) =>
        consumeHeld({ link, consumers }, options, (onEnd) => broker.consume(queue, { ...options, onEnd }, onDelivery)),
      ),
    health: () => link.current()?.health() ?? healthOf(parts),
    close: link.close,
  }
}

/** As long as something is consumed the connection is not idle. */
async function consumeHeld(
  { link, consumers }: { readonly link: LazyLink<Broker>; readonly consumers: Set<(reason: Error) => void> },
  { onEnd = () => {} }: ConsumeOptions,
  consume: (onEnd: (reason: Error) => void) => Promise<Subscription>,
): Promise<Subscription> {
  const { release } = link.use()
  const leave = (): void => {
    consumers.delete(end)
    release()
  }
  const end = (reason: Error): void => {
    leave()
    onEnd(reason)
  }
  try {
    const subscription = await consume(end)
    consumers.add(end)
    const close = async (): Promise<void> => {
      await subscription.close()
      leave()
    }
    return { ...subscription, close }
  } catch (error) {
    leave()
    throw error
  }
}

function healthOf({ gate }: TenantBrokerParts): ReturnType<Broker['health']> {
  const trouble = gate.trouble()
  return trouble === undefined ? { kind: 'ready' } : { kind: 'connecting', ...trouble }
}

async function openOnce({ open }: TenantBrokerParts, declared: ReadonlyMap<string, QueueDeclaration>): Promise<Broker> {
  const broker = await open()
  try {
    if (declared.size > 0) await broker.declareQueues([...declared.values()])
    return broker
  } catch (error) {
    await broker.close()
    throw error
  }
}

/** Either the server is down, which the gate sees, or something is missing on it, or it is none of both and may pass. */
async function mend({ gate, repair, log }: TenantBrokerParts, error: unknown, tries: number): Promise<void> {
  if (!(await gate.check())) return
  if (tries >= mostTries) throw error
  log.debug({ err: error }, 'the namespace’s vhost is looked at')
  await repair().catch((failure: unknown) => {
    if (!(failure instanceof TransientError)) throw failure
  })
}

const missing = new Set([
  'ExchangeNotFound',
  'VhostNotFound',
  'VhostRefused',
  'BrokerLoginRefused',
  'BrokerAccessRefused',
])

/** Of what there should be: somebody has deleted it. */
function isMissing(error: unknown): error is PermanentError {
  return error instanceof PermanentError && missing.has(error.code)
}

/** As against what is wrong with what was asked for. */
function isTroubleOfServer(error: unknown): boolean {
  const isPassing = error instanceof TransientError && /^(?:Broker|Management|Publish)/.test(error.code)
  return isPassing || isMissing(error)
}
