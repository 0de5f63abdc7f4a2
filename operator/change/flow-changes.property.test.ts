import { assert, asyncProperty, array, boolean, constantFrom, integer, oneof, record } from 'fast-check'
import { expect, it } from 'vitest'
import type { ChangeWorld, DriverProcess } from '../../test/rig/change-world.ts'
import { openChangeWorld } from '../../test/rig/change-world.ts'
import { changePlan } from '../../test/samples/change-plan.ts'

const day = 86_400_000
const flows = ['uid-a', 'uid-b']
const variants: readonly Readonly<Record<string, string>>[] = [
  { a: 'f' },
  { a: 'f', b: 'f' },
  { a: 'g', b: 'f' },
  { b: 'g', c: 'f' },
  { a: 'f', b: 'g' },
]

type Operation =
  | { readonly kind: 'apply'; readonly flow: string; readonly variant: number; readonly suspend: boolean }
  | { readonly kind: 'rollback'; readonly flow: string; readonly back: number }
  | { readonly kind: 'mark'; readonly flow: string; readonly freeze: boolean; readonly on: boolean }
  | { readonly kind: 'remove'; readonly flow: string; readonly deadlineMs: number }
  | { readonly kind: 'die'; readonly driver: number; readonly calls: number; readonly when: 'before' | 'after' }
  | { readonly kind: 'reconnect'; readonly driver: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'setClock'; readonly ms: number }
  | { readonly kind: 'publish'; readonly age: number }
  | { readonly kind: 'run'; readonly on: boolean }

const flow = constantFrom(...flows)
const applied = record({
  kind: constantFrom('apply' as const),
  flow,
  variant: integer({ min: 0, max: variants.length - 1 }),
  suspend: constantFrom(false, false, false, true),
})
const advanced = record({
  kind: constantFrom('advance' as const),
  ms: constantFrom(1, 200, 1500, 4000, 30_000, 100_000),
})
const published = record({ kind: constantFrom('publish' as const), age: integer({ min: 0, max: 6 }) })
const died = record({
  kind: constantFrom('die' as const),
  driver: integer({ min: 0, max: 1 }),
  calls: integer({ min: 1, max: 25 }),
  when: constantFrom('before' as const, 'after' as const),
})
const operation = oneof(
  applied,
  applied,
  advanced,
  advanced,
  published,
  published,
  died,
  record({ kind: constantFrom('rollback' as const), flow, back: integer({ min: 1, max: 4 }) }),
  record({ kind: constantFrom('mark' as const), flow, freeze: boolean(), on: boolean() }),
  record({ kind: constantFrom('remove' as const), flow, deadlineMs: constantFrom(30_000, 600_000) }),
  record({ kind: constantFrom('setClock' as const), ms: constantFrom(-7_200_000, -2000, 45_000, 31 * day) }),
  record({ kind: constantFrom('reconnect' as const), driver: integer({ min: 0, max: 1 }) }),
  record({ kind: constantFrom('run' as const), on: boolean() }),
)

it('keeps every promise under edits, rollbacks, deletions, clocks that jump, two drivers and deaths between any two calls', async () => {
  const property = asyncProperty(array(operation, { minLength: 5, maxLength: 60 }), boolean(), keepsPromises)
  await assert(property, { numRuns: 150 })
}, 240_000)

async function keepsPromises(operations: readonly Operation[], isUidReused: boolean): Promise<void> {
  const world = await openChangeWorld({ isUidReused })
  const drivers = [world.openDriver(), world.openDriver()]
  const gone = new Set<string>()
  for (const one of operations) {
    // With uids that are unique a flow that was deleted does not come again.
    if (!isUidReused && 'flow' in one && gone.has(one.flow)) continue
    if (one.kind === 'remove') gone.add(one.flow)
    await enact(world, drivers, one)
    expect(world.broken()).toEqual([])
  }
  await converge(world, isUidReused ? new Set() : gone)
  expect(world.broken()).toEqual([])
  expect(await world.leftovers()).toEqual([])
  await world.close()
}

/** Whatever has died before: a driver that lives on brings every flow to where it is wanted. */
async function converge(world: ChangeWorld, gone: ReadonlySet<string>): Promise<void> {
  const driver = world.openDriver()
  const wanted = flows.filter((name) => !gone.has(name))
  const plan = (name: string) => changePlan({ flow: name, steps: variants[1]! })
  for (const name of flows) {
    const asking = driver.changes.then(async (changes): Promise<unknown> =>
      gone.has(name) ? changes.remove(name) : changes.apply(plan(name)),
    )
    await world.advance(10)
    await asking
  }
  world.setRunning(true)
  for (let minute = 0; minute < 15; minute += 1) await world.advance(60_000)
  const states = (await world.store.flows.list()).map(({ state }) => state)
  for (const name of wanted) {
    const state = states.find((one) => one.flow === name)
    expect(state?.kept.find(({ revision }) => revision === state.active)?.hash).toBe(plan(name).hash)
  }
  for (const { pending, retiring, deletion, living } of states) {
    expect([pending, retiring]).toEqual([undefined, []])
    if (deletion !== undefined) expect(living).toEqual([])
  }
}

async function enact(world: ChangeWorld, drivers: DriverProcess[], one: Operation): Promise<void> {
  switch (one.kind) {
    case 'advance':
      return world.advance(one.ms)
    case 'setClock':
      return world.setClock(one.ms)
    case 'publish':
      return world.publish(one.age)
    case 'run':
      return world.setRunning(one.on)
    case 'die':
      drivers[one.driver]?.dieAfter(one.calls, one.when)
      return
    case 'reconnect':
      return drivers[one.driver]?.reconnect()
    default:
      if (drivers.every(({ isDead }) => isDead())) drivers.push(world.openDriver())
      // The next one is asked of the other.
      drivers.reverse()
      change(drivers, one)
      // Short of its end: the next operation comes in the middle.
      return world.advance(0)
  }
}

/** Asks one of the drivers, a new one where it has died; what it answers counts for nothing. */
function change(
  drivers: DriverProcess[],
  one: Extract<Operation, { kind: 'apply' | 'rollback' | 'mark' | 'remove' }>,
): void {
  const driver = drivers.find(({ isDead }) => !isDead())
  const asked = driver?.changes.then(async (changes): Promise<unknown> => {
    switch (one.kind) {
      case 'apply':
        return changes.apply(changePlan({ flow: one.flow, steps: variants[one.variant]!, suspend: one.suspend }))
      case 'rollback':
        return changes.rollback(one.flow, one.back)
      case 'mark':
        return one.freeze ? changes.freeze(one.flow, one.on) : changes.suspend(one.flow, one.on)
      case 'remove':
        return changes.remove(one.flow, { deadlineMs: one.deadlineMs })
    }
  })
  void asked?.catch(() => {})
}
