import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AckFrame } from './ack-ledger.ts'
import { AckLedger, stallMs } from './ack-ledger.ts'

/** `a3`: ack tag 3; `r3`: requeue it; `t50`: ask at 50 ms. */
function framesOf(deliveries: number, script: string): string[] {
  const ledger = new AckLedger()
  for (let tag = 1; tag <= deliveries; tag += 1) ledger.delivered(tag, 0)
  return script.split(' ').flatMap((step) => {
    const number = Number(step.slice(1))
    if (step.startsWith('a')) ledger.ack(number, 0)
    if (step.startsWith('r')) ledger.requeue(number, 0)
    return step.startsWith('t') ? [ledger.take(number).map(shown).join(' ')] : []
  })
}

function shown({ deliveryTag, multiple }: AckFrame): string {
  return multiple ? `≤${deliveryTag}` : `${deliveryTag}`
}

describe('AckLedger', () => {
  it.each([
    { name: 'says nothing while nothing is settled', deliveries: 3, script: 't0 t100', want: ['', ''] },
    { name: 'tells of all up to the watermark at once', deliveries: 5, script: 'a1 a2 a3 t0', want: ['≤3'] },
    { name: 'tells of each once', deliveries: 5, script: 'a1 t0 t0 a2 t0', want: ['≤1', '', '≤2'] },
    {
      name: 'waits for the first, whatever comes behind it',
      deliveries: 4,
      script: 'a3 a2 t0 a1 t0',
      want: ['', '≤3'],
    },
    {
      name: 'tells of them singly when the first takes long',
      deliveries: 4,
      script: 'a2 a4 t49 t50',
      want: ['', '2 4'],
    },
    { name: 'goes on singly while it stands still', deliveries: 4, script: 'a2 t50 a3 t51', want: ['2', '3'] },
    {
      name: 'names the last that is still open',
      deliveries: 4,
      script: 'a2 a3 t50 a1 t60 a4 t60',
      want: ['2 3', '≤1', '≤4'],
    },
    { name: 'leaves a requeued one out', deliveries: 4, script: 'a1 a2 r3 t0', want: ['≤2'] },
    { name: 'passes a requeued one', deliveries: 4, script: 'r1 a2 r3 a4 t0', want: ['≤4'] },
    { name: 'does not name a requeued one', deliveries: 3, script: 'a2 r3 t0 a1 t0', want: ['', '≤2'] },
    { name: 'ends with a requeued one', deliveries: 2, script: 'a2 r1 t0', want: ['≤2'] },
  ])('$name', ({ deliveries, script, want }) => {
    expect(framesOf(deliveries, script)).toEqual(want)
  })

  it('counts the first settlement only', () => {
    const ledger = new AckLedger()
    for (const tag of [1, 2, 3]) ledger.delivered(tag, 0)
    expect([ledger.ack(2, 0), ledger.ack(2, 0), ledger.requeue(2, 0)]).toEqual([true, false, false])
    expect([ledger.requeue(1, 0), ledger.ack(1, 0)]).toEqual([true, false])
    expect(ledger.ack(99, 0)).toBe(false)
  })

  it('says when it is to be asked again', () => {
    const ledger = new AckLedger()
    for (const tag of [1, 2]) ledger.delivered(tag, 1000)
    expect(ledger.stalledInMs(1000)).toBeUndefined()
    ledger.ack(2, 1010)
    expect(ledger.stalledInMs(1010)).toBe(stallMs - 10)
    expect(ledger.stalledInMs(2000)).toBe(0)
    ledger.take(2000)
    expect(ledger.stalledInMs(2000)).toBeUndefined()
  })

  it('tells a server that checks every tag of each settlement exactly once', () => {
    const steps = fc.array(
      fc.record({
        kind: fc.constantFrom('deliver', 'deliver', 'ack', 'ack', 'ack', 'requeue', 'take'),
        pick: fc.nat({ max: 30 }),
        afterMs: fc.nat({ max: 30 }),
      }),
      { maxLength: 4000, minLength: 1, size: 'max' },
    )
    fc.assert(
      fc.property(steps, (script) => {
        const ledger = new AckLedger()
        const server = strictServer()
        const held: number[] = []
        const acked = new Set<number>()
        const requeued = new Set<number>()
        let now = 0
        let tags = 0
        const settle = (kind: 'ack' | 'requeue', pick: number): void => {
          const [tag] = held.splice(pick % Math.max(1, held.length), 1)
          if (tag === undefined) return
          expect(ledger[kind](tag, now)).toBe(true)
          if (kind === 'requeue') server.requeue(tag)
          ;(kind === 'ack' ? acked : requeued).add(tag)
        }
        const take = (): void => {
          for (const frame of ledger.take(now)) server.ack(frame)
        }
        for (const { kind, pick, afterMs } of script) {
          now += afterMs
          if (kind === 'take') take()
          else if (kind === 'deliver') {
            tags += 1
            ledger.delivered(tags, now)
            server.deliver(tags)
            held.push(tags)
          } else settle(kind, pick)
        }
        now = Infinity
        take()
        expect(server.acknowledged).toEqual(acked)
        expect(server.requeued).toEqual(requeued)
        expect([...server.open].toSorted((left, right) => left - right)).toEqual(
          held.toSorted((left, right) => left - right),
        )
      }),
      { numRuns: 200 },
    )
  })

  it('tells what lies above the first in time when the clock was set back', () => {
    const ledger = new AckLedger()
    ledger.delivered(1, 1_000_000)
    ledger.delivered(2, 1_000_000)
    ledger.ack(2, 5000)
    expect(ledger.take(5000)).toEqual([])
    expect(ledger.stalledInMs(5000)).toBe(stallMs)
    expect(ledger.take(5000 + stallMs)).toEqual([{ deliveryTag: 2, multiple: false }])
  })
})

/** As RabbitMQ: a tag that is not open is an error, with `multiple` too. */
function strictServer() {
  const open = new Set<number>()
  const acknowledged = new Set<number>()
  const requeued = new Set<number>()
  const take = (tag: number, into: Set<number>): void => {
    if (!open.delete(tag)) throw new Error(`unknown delivery tag ${tag}`)
    into.add(tag)
  }
  return {
    open,
    acknowledged,
    requeued,
    deliver: (tag: number) => void open.add(tag),
    requeue: (tag: number) => take(tag, requeued),
    ack: ({ deliveryTag, multiple }: AckFrame) => {
      if (!open.has(deliveryTag)) throw new Error(`unknown delivery tag ${deliveryTag}`)
      const tags = multiple ? [...open].filter((tag) => tag <= deliveryTag) : [deliveryTag]
      for (const tag of tags) take(tag, acknowledged)
    },
  }
}
