import { describe, expect, it } from 'vitest'
import type { QueueDepth } from '../broker/broker.ts'
import { simulatedClock } from '../clock.ts'
import { TransientError } from '../error.ts'
import { depthGate } from './gate.ts'

/** A broker that answers when it is told to. */
function slowBroker() {
  const asked: { readonly queue: string; readonly answer: PromiseWithResolvers<QueueDepth> }[] = []
  const depth = (queue: string) => {
    const answer = Promise.withResolvers<QueueDepth>()
    asked.push({ queue, answer })
    return answer.promise
  }
  return { asked, depth }
}

describe('the gate of a queue', () => {
  it('lets no more in than there is room for, however many ask at once', async () => {
    const clock = simulatedClock()
    const broker = slowBroker()
    const gate = depthGate(broker, clock, 10)
    const callers = Array.from({ length: 100 }, () => gate.hasRoom('q'))
    broker.asked[0]?.answer.resolve({ ready: 2, unacknowledged: 3, parked: 1, consumers: 1 })
    expect((await Promise.all(callers)).filter(Boolean)).toHaveLength(4)
    expect(broker.asked.map(({ queue }) => queue)).toEqual(['q'])
  })

  it('asks again once the answer is old, for each queue', async () => {
    const clock = simulatedClock()
    let ready = 1
    const gate = depthGate(
      { depth: async (queue) => ({ ready: queue === 'full' ? 9 : ready, consumers: 1 }) },
      clock,
      2,
    )
    expect([await gate.hasRoom('q'), await gate.hasRoom('q'), await gate.hasRoom('full')]).toEqual([true, false, false])
    ready = 0
    await clock.advance(99)
    expect(await gate.hasRoom('q')).toBe(false)
    await clock.advance(1)
    expect([await gate.hasRoom('q'), await gate.hasRoom('q'), await gate.hasRoom('q')]).toEqual([true, true, false])
  })

  it('tells all that wait when the broker does not answer, and asks anew for the next one', async () => {
    const broker = slowBroker()
    const gate = depthGate(broker, simulatedClock(), 1)
    const refused = Promise.allSettled([gate.hasRoom('q'), gate.hasRoom('q')])
    broker.asked[0]?.answer.reject(new TransientError('BrokerUnavailable', 'no connection'))
    expect((await refused).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const next = gate.hasRoom('q')
    broker.asked[1]?.answer.resolve({ ready: 0, consumers: 1 })
    expect(await next).toBe(true)
  })
})
