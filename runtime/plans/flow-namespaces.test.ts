import { describe, expect, it } from 'vitest'
import { simulatedClock } from '../clock.ts'
import { TransientError } from '../error.ts'
import { plan, run } from '../store/conformance/store-promise.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { flowNamespaces } from './flow-namespaces.ts'

const nothingActive = { active: () => undefined }

const state = {
  flow: 'uid',
  namespace: 'shop',
  name: 'orders',
  lastRevision: 1,
  kept: [],
  living: [],
  retiring: [],
  suspended: false,
  frozen: false,
}

const unreachable = {
  get: async () => Promise.reject(new TransientError('StoreUnreachable', 'the store is down')),
}

function open() {
  return openMemoryStore({ clock: simulatedClock(1_700_000_000_000) })
}

function planIn(namespace: string) {
  const one = plan('uid', 1)
  return { ...one, flow: { ...one.flow, namespace } }
}

describe('the namespace of a flow', () => {
  it.each<{ name: string; write: (store: Store) => Promise<unknown>; want: string }>([
    { name: 'that is being deleted is in its state', write: ({ flows }) => flows.put(state, 0), want: 'shop' },
    { name: 'without a state is in its last plan', write: ({ plans }) => plans.put(planIn('mill')), want: 'mill' },
    {
      name: 'that is gone is in its last run',
      write: ({ runs }) => runs.addRuns([{ ...run('uid', 0), namespace: 'yard' }]),
      want: 'yard',
    },
    { name: 'of which nothing is known is the default one', write: async () => {}, want: 'default' },
  ])('$name', async ({ write, want }) => {
    const store = open()
    await write(store)
    expect(await flowNamespaces({ plans: nothingActive, store })('uid')).toBe(want)
  })

  it('is that of the active plan, and the store is not asked', async () => {
    const store = { ...open(), flows: unreachable }
    expect(await flowNamespaces({ plans: { active: () => planIn('mill') }, store })('uid')).toBe('mill')
  })

  it('stays known when the last of the flow is gone, and is no default while the store does not answer', async () => {
    const store = { ...open() }
    const namespaceOf = flowNamespaces({ plans: nothingActive, store })
    await store.flows.put(state, 0)
    const { flows } = store
    store.flows = { ...flows, ...unreachable }
    await expect(namespaceOf('uid')).rejects.toThrow('the store is down')
    store.flows = flows
    expect(await namespaceOf('uid')).toBe('shop')
    await store.flows.remove('uid', 1)
    expect(await namespaceOf('uid')).toBe('shop')
  })

  it('is looked for again where nothing was known', async () => {
    const store = open()
    const namespaceOf = flowNamespaces({ plans: nothingActive, store })
    expect(await namespaceOf('uid')).toBe('default')
    await store.plans.put(planIn('mill'))
    expect(await namespaceOf('uid')).toBe('mill')
  })
})
