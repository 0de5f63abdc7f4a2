import { randomUUID } from 'node:crypto'
import { afterAll, it } from 'vitest'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { flowPromises } from '../../runtime/store/conformance/flow-promises.ts'
import { planPromises } from '../../runtime/store/conformance/plan-promises.ts'
import type { Store, VersionedFlowState } from '../../runtime/store/store.ts'
import { describeOnKubeApi } from '../../test/env/kube-tests.ts'
import { inOneNamespaceOfWeir } from '../../test/env/weir-crds.ts'
import { openClusterFlows, type ClusterFlows } from '../../test/rig/cluster-flows.ts'

// A FlowRevision never changes, so that an older version of the same plan stays. Tracked runs are MongoDB's.
const promises = [...flowPromises, ...planPromises].filter(
  ({ name }) => !name.includes('tracked runs') && !name.includes('in a newer form'),
)

describeOnKubeApi('the store port, by Flows and FlowRevisions', (place) => {
  let namespace: string
  let opened: ClusterFlows[]
  inOneNamespaceOfWeir(place, async ({ client, namespace: fresh }) => {
    namespace = fresh
    opened = [await openClusterFlows({ client, namespace }), await openClusterFlows({ client, namespace })]
  })
  afterAll(async () => {
    for (const one of opened ?? []) await one.close()
  })

  it.each(promises)('$name', async ({ check }) => {
    const named = openNames(namespace, opened[0] as ClusterFlows)
    const [store, other] = opened.map((flows) => named.around(flows))
    // The parts of a store that these promises speak of.
    await check({ store: store as Store, other: other as Store, flow: `f${randomUUID().slice(1)}` })
  })
})

/**
 * The uids of Flows are the server's to give: here a Flow is made for each that a promise makes up. Each call is by a process that begins to lead, as
 * the other opener of the same state is in a cluster.
 */
function openNames(namespace: string, flows: ClusterFlows) {
  const uids = new Map<string, Promise<string>>()
  const made = (flow: string): Promise<string> => {
    const uid = uids.get(flow) ?? flows.create(flow).then(({ metadata }) => String(metadata.uid))
    uids.set(flow, uid)
    return uid
  }
  const uidOf = async (flow: string): Promise<string> => (await uids.get(flow)) ?? randomUUID()
  const renamed = <T>(value: T, from: string, to: string): T =>
    JSON.parse(JSON.stringify(value).replaceAll(from, to)) as T // the same, by another name
  const toState = (state: FlowState, uid: string): FlowState => ({
    ...renamed(state, state.flow, uid),
    namespace,
    name: state.flow,
  })
  const fromState = ({ state, version }: VersionedFlowState): VersionedFlowState => ({
    state: { ...renamed(state, state.flow, state.name), namespace: 'default', name: 'contacts' },
    version,
  })
  const toPlan = (plan: Plan, uid: string): Plan => ({
    ...plan,
    hash: plan.hash.replaceAll(' ', '_'),
    flow: { ...plan.flow, uid, namespace, name: plan.flow.uid },
  })
  const fromPlan = (plan: Plan): Plan => ({
    ...plan,
    hash: plan.hash.replaceAll('_', ' '),
    flow: { ...plan.flow, uid: plan.flow.name, namespace: 'default', name: 'contacts' },
  })
  const around = (own: ClusterFlows): Pick<Store, 'flows' | 'plans'> => ({
    flows: {
      get: async (flow) => {
        const found = await own.lead().flows.get(await uidOf(flow))
        return found && fromState(found)
      },
      list: async () => (await own.lead().flows.list()).map(fromState),
      put: async (state, before) => own.lead().flows.put(toState(state, await made(state.flow)), before),
      remove: async (flow, before) => own.lead().flows.remove(await uidOf(flow), before),
    },
    plans: {
      get: async (flow, revision) => {
        const found = await own.lead().plans.get(await uidOf(flow), revision)
        return found && fromPlan(found)
      },
      latest: async (flow) => {
        await own.caughtUp()
        const found = await own.lead().plans.latest(await uidOf(flow))
        return found && fromPlan(found)
      },
      revisions: async (flow) => {
        await own.caughtUp()
        return own.lead().plans.revisions(await uidOf(flow))
      },
      put: async (plan) => own.lead().plans.put(toPlan(plan, await made(plan.flow.uid))),
      remove: async (flow, revision) => own.lead().plans.remove(await uidOf(flow), revision),
    },
  })
  return { around }
}
