import { describe, expect, it, onTestFinished } from 'vitest'
import type { BudgetInUse } from '../../crds/v1alpha1/credential.ts'
import type { Rig, RigOptions } from '../../test/rig/runner-rig.ts'
import { openRig } from '../../test/rig/runner-rig.ts'

const call = { name: 'call', component: 'app', function: 'call', credential: 'key', concurrencyPerProcess: 4 }
const perSecond = (requests: number): BudgetInUse => ({ app: 'crm', requests, perSeconds: 1, burst: 1 })

/** A flow of steps that share a budget, with the times of its calls from the start. */
async function open(options: Partial<RigOptions> & { readonly budget: BudgetInUse }) {
  const callsAt: number[] = []
  const attempts: number[] = []
  const note: NonNullable<RigOptions['scripts']>[string] = async ({ emitData, data, context }) => {
    callsAt.push(rig.clock.now() - from)
    attempts.push(context.attempt)
    await emitData(data)
    return undefined
  }
  const rig: Rig = await openRig({
    spec: { steps: [call] },
    scripts: { call: note },
    credentials: { key: { token: 't' } },
    budgets: { key: options.budget },
    ...options,
  })
  const from = rig.clock.now()
  onTestFinished(rig.close)
  return { rig, callsAt, attempts }
}

async function sendAll(rig: Rig, count: number): Promise<void> {
  for (let nth = 0; nth < count; nth += 1) await rig.send({ nth })
}

describe('a step whose credential has a rate budget', () => {
  it('calls its component no faster than that, and loses nothing by it', async () => {
    const { rig, callsAt, attempts } = await open({ budget: perSecond(2) })
    await sendAll(rig, 30)
    await rig.untilIdle()
    expect(rig.finished).toHaveLength(30)
    callsAt.forEach((at, nth) => expect(at).toBeGreaterThanOrEqual(nth * 500))
    expect(callsAt.at(-1)).toBeLessThan(40_000)
    expect(new Set(attempts)).toEqual(new Set([1]))
  })

  it('shares it with other runners', async () => {
    const { rig, callsAt } = await open({ budget: perSecond(2) })
    await rig.startRunner()
    await sendAll(rig, 30)
    await rig.untilIdle()
    expect(rig.finished).toHaveLength(30)
    callsAt.forEach((at, nth) => expect(at).toBeGreaterThanOrEqual(nth * 500))
  })

  it('parks what would wait for long, spends no attempt on it, and notes no failure', async () => {
    const { rig, attempts } = await open({ budget: { app: 'crm', requests: 1, perSeconds: 60, burst: 1 } })
    await sendAll(rig, 5)
    await rig.clock.advance(2000)
    expect(rig.events.map(({ kind, code }) => `${kind} ${code ?? ''}`)).toContain('waiting RateBudgetUsedUp')
    expect(await rig.broker.pending()).toMatchObject({ parked: 4 })
    await rig.untilIdle()
    expect(rig.finished).toHaveLength(5)
    expect(new Set(attempts)).toEqual(new Set([1]))
    expect(rig.events.filter(({ kind }) => kind === 'retried')).toEqual([])
    expect(await rig.deadLetters()).toEqual([])
  })

  it('keeps the order of an ordered step, however long it waits', async () => {
    const { rig, callsAt, attempts } = await open({
      spec: { steps: [{ ...call, concurrencyPerProcess: 1, order: {} }] },
      budget: { app: 'crm', requests: 1, perSeconds: 60, burst: 1 },
    })
    await sendAll(rig, 6)
    await rig.untilIdle()
    expect(rig.finished.map(({ data }) => data)).toEqual(Array.from({ length: 6 }, (_, nth) => ({ nth })))
    callsAt.forEach((at, nth) => expect(at).toBeGreaterThanOrEqual(nth * 60_000))
    expect(attempts).toEqual(Array.from({ length: 6 }, () => 1))
  })

  it('keeps no other step waiting', async () => {
    const free = { name: 'free', component: 'app', function: 'free', next: [] }
    const { rig } = await open({
      spec: {
        triggers: [
          { name: 'slow', manual: {}, to: 'call' },
          { name: 'fast', manual: {}, to: 'free' },
        ],
        steps: [{ ...call, next: [] }, free],
      },
      budget: { app: 'crm', requests: 1, perSeconds: 3600, burst: 1 },
    })
    for (let nth = 0; nth < 10; nth += 1) await rig.send({ nth }, { trigger: 'slow' })
    for (let nth = 0; nth < 10; nth += 1) await rig.send({ nth }, { trigger: 'fast' })
    await rig.clock.advance(1000)
    expect(rig.finished.filter(({ step }) => step === 'free')).toHaveLength(10)
    expect(rig.finished.filter(({ step }) => step === 'call')).toHaveLength(1)
  })

  it('claims nothing for a message that has not been called yet: a killed runner leaves no doubt behind', async () => {
    const { rig } = await open({
      spec: {
        steps: [{ ...call, deduplicate: { key: '$string(data.nth)', windowSeconds: 600, onUnknown: 'deadLetter' } }],
      },
      budget: perSecond(1),
    })
    await sendAll(rig, 4)
    await rig.clock.advance(100)
    expect(rig.host.calls).toHaveLength(1)
    await rig.kill()
    await rig.startRunner()
    await rig.untilIdle()
    expect(rig.finished).toHaveLength(4)
    expect(await rig.deadLetters()).toEqual([])
  })

  it('waits out what the App says after too many requests, for every step that uses it', async () => {
    const callsAt: string[] = []
    const rig = await openRig({
      spec: {
        triggers: [
          { name: 'one', manual: {}, to: 'call' },
          { name: 'two', manual: {}, to: 'other' },
        ],
        steps: [
          { ...call, function: 'refused', next: [] },
          { ...call, name: 'other', next: [] },
        ],
      },
      scripts: {
        refused: async ({ emitError }) => {
          callsAt.push(`refused ${Math.floor((rig.clock.now() - from) / 1000)}`)
          if (callsAt.length === 1) {
            await emitError({ code: 'TooManyRequests', message: '429', retryAfterSeconds: 8 })
          }
          return undefined
        },
        call: async () => {
          callsAt.push(`other ${Math.floor((rig.clock.now() - from) / 1000)}`)
          return undefined
        },
      },
      credentials: { key: { token: 't' } },
      budgets: { key: perSecond(100) },
    })
    onTestFinished(rig.close)
    const from = rig.clock.now()
    await rig.send({}, { trigger: 'one' })
    await rig.clock.advance(1000)
    await rig.send({}, { trigger: 'two' })
    await rig.untilIdle()
    expect(callsAt[0]).toBe('refused 0')
    expect(callsAt.toSorted()).toEqual(['other 8', 'refused 0', 'refused 8'])
  })

  it('gives back what waits when its runner drains, and spends no attempt', async () => {
    const { rig, attempts } = await open({ budget: { app: 'crm', requests: 1, perSeconds: 5, burst: 1 } })
    await sendAll(rig, 3)
    await rig.clock.advance(100)
    const closing = rig.runner.close(1000)
    await rig.clock.advance(100)
    await closing
    expect(rig.finished).toHaveLength(1)
    expect(await rig.broker.pending()).toMatchObject({ ready: 2, unacknowledged: 0, parked: 0 })
    await rig.startRunner()
    await rig.untilIdle()
    expect(rig.finished).toHaveLength(3)
    expect(attempts).toEqual([1, 1, 1])
  })
})
