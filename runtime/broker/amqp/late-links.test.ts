import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { SimulatedClock } from '../../clock.ts'
import { simulatedClock } from '../../clock.ts'
import { TransientError } from '../../error.ts'
import type { ChannelEvents, ConsumerChannel, ConsumerLink } from './amqp-link.ts'
import { LinkSession } from './link-session.ts'
import type { LinkKind } from './link-session.ts'
import { AmqpSubscription } from './subscription.ts'

const log = pino({ level: 'silent' })
const lost = new TransientError('BrokerConnectionLost', 'the connection was lost')

/** All that follows from what has happened has happened. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What is consumed now, by the names of the links. */
interface Consumed {
  readonly now: string[]
  readonly clock: SimulatedClock
  readonly subscription: AmqpSubscription
  /** Ended by the server, as it does when it elects another leader. */
  readonly cancel: (name: string) => void
  readonly link: (name: string, opening?: Promise<void>) => ConsumerLink
}

function consumed(): Consumed {
  const now: string[] = []
  const clock = simulatedClock(0)
  const ends = new Map<string, ChannelEvents['onEnd']>()
  const channel = (name: string): ConsumerChannel => ({
    consume: async () => void now.push(name),
    ack: () => {},
    requeue: () => {},
    cancel: async () => {},
    close: async () => void (now.includes(name) && now.splice(now.indexOf(name), 1)),
  })
  const subscription = new AmqpSubscription(
    {
      clock,
      random: () => 0,
      log,
      onMalformed: () => undefined,
      fireAndForget: false,
      isThere: async () => true,
      onOver: () => {},
    },
    'q',
    { prefetch: 1, onDelivery: () => {} },
  )
  const link: Consumed['link'] = (name, opening = Promise.resolve()) => ({
    openChannel: async ({ onEnd }) => {
      ends.set(name, onEnd)
      await opening
      return channel(name)
    },
    close: async () => {},
  })
  const cancel = (name: string): void =>
    ends.get(name)?.(new TransientError('ConsumerCancelled', 'the server has ended it'))
  return { now, clock, subscription, cancel, link }
}

describe('a subscription whose link was lost', () => {
  it('stays on the later one when the earlier one answers late', async () => {
    const { now, subscription, link } = consumed()
    const early = Promise.withResolvers<void>()
    const later = Promise.withResolvers<void>()
    void subscription.resume(link('early', early.promise))
    subscription.detach()
    const after = subscription.resume(link('later', later.promise))
    early.reject(lost)
    await turn()
    later.resolve()
    await after
    expect(now).toEqual(['later'])
  })

  it('stays on the later one when it was about to begin anew on the earlier one', async () => {
    const { now, clock, subscription, cancel, link } = consumed()
    await subscription.resume(link('early'))
    cancel('early')
    subscription.detach()
    await subscription.resume(link('later'))
    await clock.advance(60_000)
    expect(now).toEqual(['later'])
  })
})

describe('a link that is opened only after another was lost', () => {
  it('is not used, and closed', async () => {
    const used: string[] = []
    const openings = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const names = ['early', 'later']
    const slow: LinkKind = {
      open: async (_, isWanted) => {
        const name = names.shift() ?? 'one too many'
        await openings.shift()?.promise
        if (isWanted()) used.push(name)
        return { close: async () => void used.push(`${name} closed`) }
      },
    }
    const [early, later] = openings
    const session = new LinkSession({
      clock: simulatedClock(0),
      random: () => 0,
      log,
      serverName: 'the server',
      prepare: async () => {},
      onLost: () => {},
      onHealth: () => {},
    })
    await session.start(() => true)
    session.want(slow)
    session.lose(lost)
    await turn()
    later?.resolve()
    await turn()
    early?.resolve()
    await turn()
    expect(used).toEqual(['later', 'early closed'])
    expect(session.health).toEqual({ kind: 'ready' })
    await session.close()
  })
})
