import { describe, expect, it } from 'vitest'
import { contractIndex } from '../flow/component/contract-index.ts'
import { contractOf } from '../flow/component/contract-of.ts'
import { parseManifests } from '../flow/manifest/parse-manifests.ts'
import { openMemoryStore } from '../runtime/store/memory-store.ts'
import { openLocalPlans } from './local-plans.ts'

const { contract } = contractOf({ kind: 'Component', name: 'shop', spec: { source: { files: { 'put.js': '' } } } })
const components = { contracts: contractIndex([contract!]) } as Parameters<typeof openLocalPlans>[1]

const flow = (spec: string, steps = '[{name: put, component: shop, function: put}]') =>
  `apiVersion: weir.dev/v1alpha1\nkind: Flow\nmetadata: {name: a}\nspec:\n  triggers: [{name: by-hand, manual: {}}]\n  steps: ${steps}\n  ${spec}\n`

async function plansOf(text: string, store = openMemoryStore()) {
  const { manifests, findings } = parseManifests([{ file: 'a.yaml', text }])
  expect(findings).toEqual([])
  return openLocalPlans(manifests.flows, components, store.plans)
}

describe('openLocalPlans', () => {
  it('numbers a flow that is new 1, and finds it again under the same uid', async () => {
    const [first] = (await plansOf(flow(''))).all
    const [again] = (await plansOf(flow(''))).all
    expect(first).toMatchObject({ revision: 1, flow: { namespace: 'default', name: 'a' } })
    expect(again!.flow.uid).toBe(first!.flow.uid)
    expect(first!.flow.uid).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
  })

  it('takes the uid that an API server has given', async () => {
    const [plan] = (await plansOf(flow('').replace('{name: a}', '{name: a, uid: given}'))).all
    expect(plan!.flow.uid).toBe('given')
  })

  it('keeps the number of what did not change, with what is not part of it as it is now', async () => {
    const store = openMemoryStore()
    const before = await plansOf(flow(''), store)
    const after = await plansOf(flow('suspend: true'), store)
    expect(after.all[0]).toEqual({ ...before.all[0]!, flow: { ...before.all[0]!.flow, suspend: true } })
  })

  it('gives an edit the next number, keeps the queues that can be kept, and the plan before', async () => {
    const store = openMemoryStore()
    const before = (await plansOf(flow(''), store)).all[0]!
    const edited = await plansOf(flow('', '[{name: put, component: shop, function: put, timeoutSeconds: 5}]'), store)
    expect(edited.all[0]).toMatchObject({ revision: 2, stages: [{ queue: before.stages[0]!.queue }] })
    expect(await edited.get(before.flow.uid, 1)).toEqual(before)
    expect(edited.active(before.flow.uid)).toBe(edited.all[0])
    const back = await plansOf(flow(''), store)
    expect(back.all[0]!.revision).toBe(3)
  })

  it('knows no plan of another flow', async () => {
    const plans = await plansOf(flow(''))
    expect(plans.active('other')).toBeUndefined()
    expect(await plans.get('other', 1)).toBeUndefined()
  })
})
