import { describe, expect, it } from 'vitest'
import { queueTopology, rungTopology, vhostTopology } from './plan-topology.ts'

const quorum = { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000_000 }
const both = [
  { exchange: 'steps', queue: 'q', routingKey: 'q' },
  { exchange: 'retry', queue: 'q', routingKey: 'q' },
]
const stepsAlone = both.slice(0, 1)

describe('planned topology', () => {
  it.each([
    { name: 'is a quorum queue, reached by steps and delays', declaration: {}, want: quorum, bindings: both },
    {
      name: 'has one active consumer where it is asked for',
      declaration: { singleActiveConsumer: true },
      want: { ...quorum, 'x-single-active-consumer': true },
      bindings: both,
    },
    {
      name: 'is not reached by delays when it has a limit',
      declaration: { dropHeadAbove: 7 },
      want: { ...quorum, 'x-max-length': 7, 'x-overflow': 'drop-head' },
      bindings: stepsAlone,
    },
    {
      name: 'goes with its connection when it is temporary',
      declaration: { temporary: true, dropHeadAbove: 7 },
      want: { 'x-queue-type': 'classic', 'x-max-length': 7, 'x-overflow': 'drop-head' },
      bindings: stepsAlone,
    },
  ])('of a queue $name', ({ declaration, want, bindings }) => {
    const { queues, bindings: planned } = queueTopology({ name: 'q', ...declaration })
    const isTemporary = 'temporary' in declaration
    expect(queues).toEqual([{ name: 'q', durable: !isTemporary, exclusive: isTemporary, arguments: want }])
    expect(planned).toEqual(bindings)
  })

  it('of a vhost sends what a delay cannot return to `unrouted`', () => {
    const { exchanges, queues, bindings } = vhostTopology([{ name: 'dead' }, { name: 'unrouted' }])
    expect(exchanges).toEqual([
      { name: 'unrouted', type: 'fanout' },
      { name: 'steps', type: 'direct' },
      { name: 'retry', type: 'direct', alternateExchange: 'unrouted' },
    ])
    expect(queues.map(({ name }) => name)).toEqual(['dead', 'unrouted'])
    expect(bindings).toContainEqual({ exchange: 'unrouted', queue: 'unrouted', routingKey: '' })
  })

  it('of `unrouted` alone, once it was deleted, lets it get the same again', () => {
    expect(queueTopology({ name: 'unrouted' }).bindings).toContainEqual({
      exchange: 'unrouted',
      queue: 'unrouted',
      routingKey: '',
    })
  })

  it('of a rung loses nothing on its way back', () => {
    expect(rungTopology(315)).toEqual({
      exchanges: [{ name: 'delay.v1.315', type: 'fanout' }],
      queues: [
        {
          name: 'delay.v1.315',
          durable: true,
          exclusive: false,
          arguments: {
            'x-queue-type': 'quorum',
            'x-message-ttl': 315,
            'x-dead-letter-exchange': 'retry',
            'x-dead-letter-strategy': 'at-least-once',
            'x-overflow': 'reject-publish',
          },
        },
      ],
      bindings: [{ exchange: 'delay.v1.315', queue: 'delay.v1.315', routingKey: '' }],
    })
  })
})
