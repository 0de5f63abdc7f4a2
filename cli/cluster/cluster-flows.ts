import { resources } from '../../crds/resources.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { readFlowState } from '../../flow/plan/flow-status.ts'
import { PermanentError } from '../../runtime/error.ts'
import type { Store, VersionedFlowState } from '../../runtime/store/store.ts'
import { planOfRevision, revisionsOf, type RevisionRow } from './flow-revisions.ts'
import type { LiveFlow } from './flow-standing.ts'
import type { Cluster } from './open-cluster.ts'

/** Flows and plans as a cluster has them, to be read in place of a store's: there they are objects of the API server. */
export function clusterFlows(cluster: Cluster): Pick<Store, 'flows' | 'plans'> {
  let asked: Promise<readonly LiveFlow[]> | undefined
  // One command looks once: what it shows is of one moment.
  const flows = (): Promise<readonly LiveFlow[]> => (asked ??= cluster.list<LiveFlow>(resources.flows))
  const states = async (): Promise<readonly VersionedFlowState[]> =>
    (await flows()).flatMap((flow) => {
      const read = readFlowState(flow)
      return read.kind === 'read' ? [{ state: read.state, version: read.version }] : []
    })
  const rows = async (uid: string): Promise<readonly RevisionRow[]> => {
    const flow = (await flows()).find(({ metadata }) => metadata.uid === uid)
    return flow === undefined ? [] : revisionsOf(cluster, flow)
  }
  const planIn = async (row: RevisionRow | undefined): Promise<Plan | undefined> =>
    row === undefined ? undefined : planOfRevision(cluster, row)
  return {
    flows: {
      list: states,
      get: async (uid) => (await states()).find(({ state }) => state.flow === uid),
      put: onlyRead,
      remove: onlyRead,
    },
    plans: {
      get: async (uid, revision) => planIn((await rows(uid)).find((row) => row.revision === revision)),
      latest: async (uid) => planIn((await rows(uid))[0]),
      revisions: async (uid) => (await rows(uid)).map(({ revision }) => revision).toReversed(),
      put: onlyRead,
      remove: onlyRead,
    },
  }
}

function onlyRead(): Promise<never> {
  return Promise.reject(
    new PermanentError('ClusterOnlyRead', 'flows and plans of a cluster are its operator’s to write'),
  )
}
