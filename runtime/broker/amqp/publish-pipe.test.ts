import { afterEach, describe, expect, it } from 'vitest'
import type { Clock, SimulatedClock } from '../../clock.ts'
import { simulatedClock } from '../../clock.ts'
import { TransientError } from '../../error.ts'
import { message } from '../conformance/broker-promise.ts'
import type { PublisherLink } from './amqp-link.ts'
import { PublishPipe } from './publish-pipe.ts'

const hourMs = 3_600_000
const limits = { messages: 10, bytes: 1e6, patienceMs: 5000, confirmMs: 30_000 }

/** A link that takes everything and confirms nothing. */
const silentLink: PublisherLink = { publish: () => 1, close: async () => {} }

interface World {
  readonly time: SimulatedClock
  readonly pipe: PublishPipe
  readonly stuck: string[]
  /** Sets the clock, while timers go on as they were. */
  readonly shift: (byMs: number) => void
}

function world(): World {
  const time = simulatedClock(10 * hourMs)
  let shiftMs = 0
  const clock: Clock = { now: () => time.now() + shiftMs, setTimer: time.setTimer }
  const stuck: string[] = []
  const pipe = new PublishPipe({
    clock,
    limits,
    fireAndForget: false,
    wantLink: () => {},
    onStuck: ({ code }) => stuck.push(code),
    reason: () => 'it is not there',
  })
  opened.push(pipe)
  return { time, pipe, stuck, shift: (byMs) => (shiftMs += byMs) }
}

const opened: PublishPipe[] = []
afterEach(() => {
  for (const pipe of opened.splice(0)) pipe.end(new TransientError('Over', 'the test is over'))
})

describe('a publish pipe whose clock is set back by an hour', () => {
  it('notices in time that nothing is confirmed', async () => {
    const { time, pipe, stuck, shift } = world()
    pipe.attach(silentLink)
    pipe.publish('steps', 'q', message('m')).catch(() => {})
    shift(-hourMs)
    await time.advance(2 * limits.confirmMs)
    expect(stuck).toEqual(['BrokerConnectionLost'])
  })

  it.each([
    { name: 'before', publishFirst: true },
    { name: 'after', publishFirst: false },
  ])('refuses in time what was published $name, while there is no connection', async ({ publishFirst }) => {
    const { time, pipe, shift } = world()
    if (!publishFirst) shift(-hourMs)
    const publishing = pipe.publish('steps', 'q', message('m'))
    const refused = publishing.catch((error: unknown) => error)
    if (publishFirst) shift(-hourMs)
    await time.advance(limits.patienceMs)
    expect(await refused).toMatchObject({ code: 'BrokerUnavailable' })
  })
})

it('tells of everything unconfirmed that its outcome is unknown, when the link is lost', async () => {
  const { pipe } = world()
  pipe.attach(silentLink)
  const ends = ['a', 'b'].map((id) => pipe.publish('steps', 'q', message(id)).catch((error: unknown) => error))
  pipe.detach(new TransientError('BrokerConnectionLost', 'the connection was lost'))
  expect(await Promise.all(ends)).toMatchObject([{ code: 'BrokerConnectionLost' }, { code: 'BrokerConnectionLost' }])
})
