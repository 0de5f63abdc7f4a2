import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { resources } from '../../../crds/resources.ts'
import { pathOf, type KubeObject, type Resource } from '../../../kube/kube-object.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { describeOnAll } from '../../env/operator-tests.ts'
import { callManagement } from '../../env/servers.ts'
import { startOperatorProcess } from '../../rig/operator/operator-under-test.ts'
import { openOperatorRig, simpleFlow, type OperatorRig } from '../../rig/operator/operator-rig.ts'

const count = 1_000
/** Of each half; generous, on a machine that has other work. */
const waiting = { timeout: 900_000, interval: 5_000 }

describeOnAll('A thousand flows', (places) => {
  let opened: AsyncDisposableStack
  let rig: OperatorRig
  beforeEach(async () => {
    opened = new AsyncDisposableStack()
    rig = await openOperatorRig(places, { patienceMs: 240_000 })
    opened.defer(rig.close)
  })
  afterEach(() => opened.disposeAsync())

  it(
    'become ready when they are made at once, and leave nothing when they are deleted at once',
    {
      timeout: 2_400_000,
    },
    async () => {
      const operator = startOperatorProcess(places, {
        WEIR_NAMESPACE: rig.namespace,
        WEIR_LEASE_NAMESPACE: rig.namespace,
      })
      opened.defer(operator.kill)
      await operator.url()
      const names = Array.from({ length: count }, (_, at) => `flow-${at}`)
      const times: number[] = [Date.now()]
      await inLanes(names, (name) => rig.applyFlow(name, simpleFlow()))
      times.push(Date.now())
      await vi.waitFor(async () => {
        const flows = await list(resources.flows)
        expect(flows.filter((flow) => !isReady(flow)).length).toBe(0)
        expect(flows.length).toBe(count)
      }, waiting)
      times.push(Date.now())
      const queues = await rig.queues()
      expect(new Set(queues).size).toBe(count)
      expect((await list(resources.flowRevisions)).length).toBe(count)
      const before = await policies()
      await inLanes(names, rig.remove)
      times.push(Date.now())
      await vi.waitFor(async () => expect(await countFlows()).toBe(0), waiting)
      times.push(Date.now())
      await vi.waitFor(async () => {
        expect(await rig.queues()).toEqual([])
        // Where there is a garbage collector it would take them too; here is none.
        expect((await list(resources.flowRevisions)).map(({ metadata }) => metadata.name)).toEqual([])
      }, waiting)
      const spans = times.slice(1).map((at, index) => `${Math.round((at - (times[index] ?? 0)) / 100) / 10} s`)
      console.log(`${count} flows: applied, ready, deleted, gone after ${spans.join(', ')}`)
      // What is the namespace's stays as long as that: as many policies, and no binding to a queue that is not there.
      expect(await policies()).toEqual(before)
      expect(await danglingBindings()).toEqual([])
      orThrow(await rig.client.request({ method: 'DELETE', path: `/api/v1/namespaces/${rig.namespace}` }))
      await vi.waitFor(async () => {
        expect(await manage<{ name: string }>('/api/vhosts')).not.toContainEqual(
          expect.objectContaining({ name: rig.vhost }),
        )
        const users = await manage<{ name: string }>('/api/users')
        expect(users.filter(({ name }) => name.startsWith(rig.vhost))).toEqual([])
      }, waiting)
      expect(await operator.end()).toBe(0)
    },
  )

  async function list(resource: Resource): Promise<readonly KubeObject[]> {
    const path = pathOf(resource, { namespace: rig.namespace })
    const { items } = orThrow(
      await rig.client.request<{ readonly items: readonly KubeObject[] }>({ method: 'GET', path }),
    )
    return items
  }

  /** Without reading them all. */
  async function countFlows(): Promise<number> {
    const request = { method: 'GET', path: pathOf(resources.flows, { namespace: rig.namespace }) } as const
    const { items, metadata } = orThrow(await rig.client.request<FlowPage>({ ...request, query: { limit: 1 } }))
    return items.length + (metadata.remainingItemCount ?? 0)
  }

  async function policies(): Promise<readonly string[]> {
    const found = await manage<{ readonly name: string }>(`/api/policies/${encodeURIComponent(rig.vhost)}`)
    return found.map(({ name }) => name).toSorted()
  }

  async function danglingBindings(): Promise<readonly string[]> {
    const vhost = encodeURIComponent(rig.vhost)
    const queues = await manage<{ readonly name: string }>(`/api/queues/${vhost}`)
    const known = new Set(queues.map(({ name }) => name))
    const bindings = await manage<{ readonly destination_type: string; readonly destination: string }>(
      `/api/bindings/${vhost}`,
    )
    return bindings
      .filter((one) => one.destination_type === 'queue' && !known.has(one.destination))
      .map(({ destination }) => destination)
  }

  async function manage<Item>(path: string): Promise<readonly Item[]> {
    return ((await callManagement(places.rabbit.managementUrl, 'GET', path)) ?? []) as readonly Item[]
  }
})

interface FlowPage {
  readonly items: readonly KubeObject[]
  readonly metadata: { readonly remainingItemCount?: number }
}

/** A hundred at a time: as fast as the server takes them, and no thousand requests that wait for each other. */
async function inLanes(names: readonly string[], work: (name: string) => Promise<unknown>): Promise<void> {
  const left = [...names]
  const lane = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await work(name)
  }
  await Promise.all(Array.from({ length: 100 }, lane))
}

function isReady({ metadata, status }: KubeObject): boolean {
  const { conditions = [], observedGeneration } = (status ?? {}) as {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly observedGeneration?: number
  }
  return (
    observedGeneration === metadata.generation &&
    conditions.some((one) => one.type === 'Ready' && one.status === 'True')
  )
}
