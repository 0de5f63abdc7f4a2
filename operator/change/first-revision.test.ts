import { describe, expect, it, onTestFinished } from 'vitest'
import { openChangeWorld, type ChangeWorld } from '../../test/rig/change-world.ts'
import { changePlan } from '../../test/samples/change-plan.ts'
import type { FlowChanges } from './flow-changes.ts'

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
})
