import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import type { ObjectCache } from '../../kube/cache/object-cache.ts'
import type { Change } from '../../kube/cache/object-table.ts'
import { samplePlan } from '../../test/samples/sample-plan.ts'
import type { InCluster } from '../operator-parts.ts'
import { openHookCredentials } from './hook-credentials.ts'
import { openHookUsers } from './hook-users.ts'

const webhook = { path: '/orders', auth: { basic: { credential: 'door' } } }
const state = { format: 1, version: 1, flow: 'u', lastRevision: 1, active: 1, kept: ['1 h'] }
const ready = { type: 'Ready', status: 'True', reason: 'RevisionActive', message: '', lastTransitionTime: '' } as const

function flowWith(triggers: Flow['spec']['triggers'], flowState: object): InCluster<Flow> {
  return {
    metadata: { name: 'orders', namespace: 'shop', uid: 'u', generation: 1 },
    spec: { triggers, steps: [] },
    status: { observedGeneration: 1, conditions: [ready], state: flowState },
  } as unknown as InCluster<Flow> // as an API server has it
}

function world() {
  let tell: ((change: Change<InCluster<Flow>>) => void) | undefined
  const flows = {
    synced: Promise.resolve(),
    subscribe: (listener) => {
      tell = listener
      return () => {}
    },
  } as Pick<ObjectCache<InCluster<Flow>>, 'synced' | 'subscribe'>
  const asked: number[] = []
  const credentials = openHookCredentials(
    async ({ revision }) => {
      asked.push(revision)
      return samplePlan({ namespace: 'shop', triggers: [{ name: 'called', webhook }] })
    },
    pino({ level: 'silent' }),
  )
  const users = openHookUsers(flows, credentials.isNothing)
  users.follow()
  return {
    asked,
    see: (object: InCluster<Flow>) => tell?.({ kind: 'added', object, isInitial: true }),
    needed: () => credentials.of('shop', users.of('shop')),
    users,
  }
}

describe('who needs Credentials', () => {
  it('is told of a flow whose state cannot be read as what cannot be known', async () => {
    const { see, needed, users } = world()
    see(flowWith([{ name: 'called', webhook }], { format: 1, rubbish: true }))
    expect([...(users.keys?.() ?? [])]).toEqual(['shop'])
    expect(await needed()).toEqual({ names: [], isComplete: false })
  })

  it('goes on with what it was when a state cannot be read any more', async () => {
    const { see, needed } = world()
    see(flowWith([{ name: 'called', webhook }], state))
    expect(await needed()).toEqual({ names: ['door'], isComplete: true })
    see(flowWith([{ name: 'called', webhook }], { format: 1, rubbish: true }))
    expect(await needed()).toEqual({ names: ['door'], isComplete: true })
  })

  it('reads no state of a flow that runs as it is written, without such webhooks', () => {
    const { see, users } = world()
    const unread = Object.defineProperty({ ...state }, 'format', {
      get: () => expect.unreachable('the state was read'),
    })
    see(flowWith([{ name: 'by-hand', manual: {} }], unread))
    expect([...(users.keys?.() ?? [])]).toEqual([])
  })
})
