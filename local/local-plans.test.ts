import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { contractIndex } from '../flow/component/contract-index.ts'
import { contractOf } from '../flow/component/contract-of.ts'
import { parseManifests } from '../flow/manifest/parse-manifests.ts'
import { openMemoryBroker } from '../runtime/broker/memory-broker.ts'
import { systemClock } from '../runtime/clock.ts'
import { openMemoryStore } from '../runtime/store/memory-store.ts'
import type { LocalPlansOptions } from './local-plans.ts'
import { openLocalPlans, planOf } from './local-plans.ts'

const { contract } = contractOf({ kind: 'Component', name: 'shop', spec: { source: { files: { 'put.js': '' } } } })
const components = { contracts: contractIndex([contract!]) }

const flow = (spec: string, steps = '[{name: put, component: shop, function: put}]', name = 'a') =>
  `---\napiVersion: weir.dev/v1alpha1\nkind: Flow\nmetadata: {name: ${name}}\nspec:\n  triggers: [{name: by-hand, manual: {}}]\n  steps: ${steps}\n  ${spec}\n`

const edited = '[{name: put, component: shop, function: put, timeoutSeconds: 5}]'

function flowsOf(text: string) {
  const { manifests, findings } = parseManifests([{ file: 'a.yaml', text }])
  expect(findings).toEqual([])
  return { flows: manifests.flows, components }
}

/** Plans of a run of these flows; with the broker and the store of another it goes on where that one stopped. */
async function open(text: string, options: Partial<LocalPlansOptions> = {}) {
  const store = options.store ?? openMemoryStore()
  const broker = options.broker ?? openMemoryBroker()
  const log = pino({ level: 'silent' })
  const plans = await openLocalPlans({ clock: systemClock, log, waits: { declaredMs: 0 }, ...options, store, broker })
  onTestFinished(plans.close)
  const changes = await plans.change(flowsOf(text))
  return { plans, store, broker, changes, change: (next: string) => plans.change(flowsOf(next)) }
}

const queuesOf = ({ living }: { readonly living: () => readonly { readonly stage: { readonly queue: string } }[] }) =>
  living().map(({ stage }) => stage.queue)

describe('the plans of a local run', () => {
  it('number a flow that is new 1, and find it again under the same uid', async () => {
    const [first] = (await open(flow(''))).plans.all
    const [again] = (await open(flow(''))).plans.all
    expect(first).toMatchObject({ revision: 1, flow: { namespace: 'default', name: 'a' } })
    expect(again!.flow.uid).toBe(first!.flow.uid)
    expect(first!.flow.uid).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
  })

  it('take the uid that an API server has given', async () => {
    const { plans } = await open(flow('').replace('{name: a}', '{name: a, uid: given}'))
    expect(plans.all[0]!.flow.uid).toBe('given')
  })

  it('keep the number of what did not change, with what is not part of it as it is now', async () => {
    const before = await open(flow(''))
    const [first] = before.plans.all
    await before.plans.close()
    const { plans } = await open(flow('suspend: true'), before)
    expect(plans.all[0]).toEqual({ ...first, flow: { ...first!.flow, suspend: true } })
  })

  it('give an edit the next number, keep the queues that can be kept, and the plan before', async () => {
    const { plans, change } = await open(flow(''))
    const before = plans.all[0]!
    expect(await change(flow('', edited))).toMatchObject([{ kind: 'edited', applied: { kind: 'active', revision: 2 } }])
    expect(plans.all[0]).toMatchObject({ revision: 2, stages: [{ queue: before.stages[0]!.queue }] })
    expect(await plans.get(before.flow.uid, 1)).toEqual(before)
    expect(plans.active(before.flow.uid)).toBe(plans.all[0])
    await change(flow(''))
    expect(plans.all[0]!.revision).toBe(3)
    expect(await change(flow(''))).toMatchObject([{ kind: 'same' }])
  })

  it('go on with the plan of a run that died before it had written a state', async () => {
    const store = openMemoryStore()
    const { flows } = flowsOf(flow(''))
    const kept = { ...planOf(flows[0]!, components), revision: 4 }
    await store.plans.put(kept)
    const { plans } = await open(flow(''), { store })
    expect(plans.all).toEqual([kept])
    expect(queuesOf(plans)).toEqual(kept.stages.map(({ queue }) => queue))
  })

  it('let a flow go that is not given any more, and know it again when it comes back', async () => {
    const { plans, change, changes } = await open(flow('') + flow('', edited, 'b'))
    expect(changes.map(({ kind }) => kind)).toEqual(['edited', 'edited'])
    const [, gone] = plans.all
    expect(await change(flow(''))).toMatchObject([{ kind: 'same' }, { kind: 'deleted' }])
    expect([plans.flows().length, plans.active(gone!.flow.uid)]).toEqual([1, undefined])
    // What has started is finished.
    expect(queuesOf(plans)).toHaveLength(2)
    await change(flow('') + flow('', edited, 'b'))
    expect(plans.active(gone!.flow.uid)).toEqual(gone)
  })

  it('leave alone what another run has given', async () => {
    const before = await open(flow('') + flow('', edited, 'b'))
    await before.plans.close()
    const { plans } = await open(flow(''), before)
    expect([plans.flows().length, queuesOf(plans).length]).toEqual([1, 1])
    expect(await before.store.flows.list()).toHaveLength(2)
  })

  it('of a suspended flow that never ran are shown, and own no queue but for whoever fires it by hand', async () => {
    const { plans } = await open(flow('suspend: true'))
    expect([plans.all[0]!.flow.suspend, plans.flows(), queuesOf(plans)]).toEqual([true, [], []])
    const byHand = await open(flow('suspend: true'), { isByHand: true })
    expect([byHand.plans.flows().length, queuesOf(byHand.plans).length]).toEqual([1, 1])
  })

  it('are those of an older revision where the flow pins one', async () => {
    const { plans, change } = await open(flow(''))
    await change(flow('', edited))
    await change(flow('revision: 1', edited))
    expect(plans.all[0]).toMatchObject({ revision: 3, steps: { put: { timeoutSeconds: 60 } } })
    expect(await change(flow('revision: 1', edited))).toMatchObject([{ kind: 'same' }])
    expect(await change(flow('revision: 9', edited))).toMatchObject([{ applied: { kind: 'notFound', revision: 9 } }])
    expect(plans.all[0]!.revision).toBe(3)
  })

  it('know no plan of another flow', async () => {
    const { plans } = await open(flow(''))
    expect(plans.active('other')).toBeUndefined()
    expect(await plans.get('other', 1)).toBeUndefined()
  })
})
