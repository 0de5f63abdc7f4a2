import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { deadQueue } from '../../runtime/broker/broker.ts'
import { openMemoryBroker } from '../../runtime/broker/memory-broker.ts'
import { simulatedClock } from '../../runtime/clock.ts'
import { flowNotFound } from '../../runtime/store/flow-not-found.ts'
import { openMemoryStore } from '../../runtime/store/memory-store.ts'
import { openChangeWorld, type ChangeWorld } from '../../test/rig/change-world.ts'
import { changePlan } from '../../test/samples/change-plan.ts'
import { numberPlan } from '../decide/number-plan.ts'
import { openFlowChanges, type FlowChanges } from './flow-changes.ts'

const wanted = changePlan({ steps: { a: 'f', b: 'f' } })
const other = changePlan({ steps: { a: 'g' } })
const minute = 60_000
/** More than the first revision takes. */
const mostCalls = 12

const deaths = Array.from({ length: mostCalls }, (_, at) => at + 1).flatMap((calls) => [
  { calls, when: 'before' as const },
  { calls, when: 'after' as const },
])

async function openWorld(): Promise<ChangeWorld> {
  const world = await openChangeWorld({ isUidReused: false })
  onTestFinished(world.close)
  return world
}

/** Applies the flow by a driver that dies on the way. */
async function dieApplying(world: ChangeWorld, { calls, when }: (typeof deaths)[number]): Promise<void> {
  const driver = world.openDriver()
  const changes = await driver.changes
  driver.dieAfter(calls, when)
  void changes.apply(wanted).catch(() => {})
  await world.advance(5_000)
}

async function byAnother(world: ChangeWorld, ask: (changes: FlowChanges) => Promise<unknown>): Promise<void> {
  const asking = world.openDriver().changes.then(ask)
  await world.advance(10)
  await asking
  for (let passed = 0; passed < 15; passed += 1) await world.advance(minute)
}

describe('the first revision of a flow', () => {
  it('takes one write of the state, and one when it becomes active', async () => {
    const world = await openWorld()
    const changes = await world.openDriver().changes
    await changes.apply(wanted)
    expect(await world.store.flows.get('uid')).toMatchObject({ version: 1, state: { pending: { revision: 1 } } })
    await world.advance(3_000)
    expect(await world.store.flows.get('uid')).toMatchObject({ version: 2, state: { active: 1 } })
  })

  it.each(deaths)('is the first and no other, when who makes it dies $when call $calls', async (death) => {
    const world = await openWorld()
    await dieApplying(world, death)
    await byAnother(world, (changes) => changes.apply(wanted))
    const { state } = (await world.store.flows.get('uid')) ?? {}
    expect(state).toMatchObject({ active: 1, lastRevision: 1, retiring: [], living: [{ step: 'a' }, { step: 'b' }] })
    expect([...world.broken(), ...(await world.leftovers())]).toEqual([])
  })

  it.each(deaths)('leaves nothing behind when it was edited after a death $when call $calls', async (death) => {
    const world = await openWorld()
    await dieApplying(world, death)
    await byAnother(world, (changes) => changes.apply(other))
    const { state } = (await world.store.flows.get('uid')) ?? {}
    expect(state?.kept.find(({ revision }) => revision === state.active)?.hash).toBe(other.hash)
    expect(state?.retiring).toEqual([])
    expect([...world.broken(), ...(await world.leftovers())]).toEqual([])
  })

  it.each(deaths)('leaves nothing behind when the flow is deleted after a death $when call $calls', async (death) => {
    const world = await openWorld()
    await dieApplying(world, death)
    await byAnother(world, (changes) => changes.remove('uid'))
    expect([await world.store.flows.list(), await world.store.plans.revisions('uid')]).toEqual([[], []])
    expect([...world.broken(), ...(await world.leftovers())]).toEqual([])
  })

  it.each([
    { name: 'deleted', ask: (changes: FlowChanges) => changes.remove('uid') },
    {
      name: 'suspended and deleted',
      ask: async (changes: FlowChanges) => {
        await changes.apply(changePlan({ steps: { a: 'f', b: 'f' }, suspend: true }))
        await changes.remove('uid')
      },
    },
  ])('leaves nothing behind where the list of plans is too old to have it, and the flow is $name', async ({ ask }) => {
    const { clock, broker, store, queues } = await openLeftPlan()
    const plans = { ...store.plans, revisions: async () => [] }
    const changes = await openFlowChanges({
      broker,
      clock,
      log: pino({ level: 'silent' }),
      store: { ...store, plans },
    })
    onTestFinished(changes.close)
    await ask(changes)
    await clock.advance(15 * minute)
    expect(await store.flows.list()).toEqual([])
    expect(await Promise.all(queues.map((queue) => broker.depth(queue)))).toEqual(queues.map(() => undefined))
  })

  it('is taken back by whoever finds that the flow is gone', async () => {
    const clock = simulatedClock(Date.parse('2026-01-01T00:00:00Z'))
    const broker = openMemoryBroker({ clock })
    const store = openMemoryStore({ clock })
    const flows = { ...store.flows, put: () => Promise.reject(flowNotFound('uid')) }
    const log = pino({ level: 'silent' })
    const changes = await openFlowChanges({ broker, clock, log, store: { ...store, flows } })
    onTestFinished(changes.close)
    await expect(changes.apply(wanted)).rejects.toThrow('it was deleted')
    const queues = (await store.plans.get('uid', 1))!.stages.map(({ queue }) => queue)
    expect(await Promise.all(queues.map((queue) => broker.depth(queue)))).toEqual([undefined, undefined])
  })

  it('is deleted with the flow, however close the deletion follows', async () => {
    const world = await openWorld()
    const changes = await world.openDriver().changes
    await Promise.all([changes.apply(wanted), changes.remove('uid')])
    for (let passed = 0; passed < 15; passed += 1) await world.advance(minute)
    expect([await world.store.flows.list(), await world.leftovers()]).toEqual([[], []])
  })

  /** A plan whose queues are declared, and no state: its driver has just died. */
  async function openLeftPlan() {
    const clock = simulatedClock(Date.parse('2026-01-01T00:00:00Z'))
    const broker = openMemoryBroker({ clock })
    const store = openMemoryStore({ clock })
    const plan = numberPlan(wanted, 1, [])
    const queues = plan.stages.map(({ queue }) => queue)
    await broker.declareQueues([deadQueue, ...queues].map((name) => ({ name })))
    await store.plans.put(plan)
    return { clock, broker, store, queues }
  }
})
