import { resources } from '../../crds/resources.ts'
import type { FlowRevision } from '../../crds/v1alpha1/flow-revision.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import { flowUidLabel } from '../../runtime/plans/kubernetes/flow-revisions.ts'
import type { Cluster } from './open-cluster.ts'
import { asTable, type ServerTable } from './server-table.ts'

/** A plan of a flow that the cluster keeps, without what is in it. */
export interface RevisionRow {
  /** Of the object. */
  readonly name: string
  readonly revision: number
  readonly hash: string
  readonly state: 'pending' | 'active' | 'old'
  readonly createdAt: string
}

/** A Flow's revisions, newest first. The server is asked for rows: plans are large. */
export async function revisionsOf(cluster: Cluster, flow: KubeObject): Promise<readonly RevisionRow[]> {
  const rows: RevisionRow[] = []
  const { activeRevision = 0 } = (flow['status'] ?? {}) as { readonly activeRevision?: number }
  const labelSelector = `${flowUidLabel}=${flow.metadata.uid ?? ''}`
  let from: string | undefined
  do {
    const page = await cluster.ask<ServerTable>('list flowrevisions', {
      method: 'GET',
      path: pathOf(resources.flowRevisions, { namespace: cluster.namespace }),
      accept: asTable,
      query: { limit: 500, continue: from, includeObject: 'Metadata', labelSelector },
    })
    rows.push(...rowsOf(page, activeRevision))
    from = page.metadata?.continue
  } while (from !== undefined && from !== '')
  return rows.toSorted((left, right) => right.revision - left.revision)
}

function rowsOf({ columnDefinitions, rows = [] }: ServerTable, activeRevision: number): RevisionRow[] {
  const cell = (cells: readonly unknown[], heading: string): unknown =>
    cells[columnDefinitions.findIndex(({ name }) => name === heading)]
  return rows.flatMap(({ cells, object }) => {
    const metadata = object?.metadata
    if (metadata === undefined) return []
    const [revision, hash] = [Number(cell(cells, 'Revision')), cell(cells, 'Hash')]
    return [
      {
        name: metadata.name,
        revision,
        state: stateOf(revision, activeRevision),
        hash: typeof hash === 'string' ? hash : '',
        createdAt: metadata.creationTimestamp ?? '',
      },
    ]
  })
}

/** By the Flow: the label of a revision follows it. */
function stateOf(revision: number, activeRevision: number): RevisionRow['state'] {
  if (revision === activeRevision) return 'active'
  return revision > activeRevision ? 'pending' : 'old'
}

/** What a revision is. */
export async function planOfRevision(cluster: Cluster, { name }: RevisionRow): Promise<Plan | undefined> {
  const found = await cluster.find<FlowRevision>(resources.flowRevisions, name)
  // Written by the operator, and never changed.
  return found === undefined ? undefined : (found.spec.plan as unknown as Plan)
}

/** The one that new messages run under. */
export function activeOf(rows: readonly RevisionRow[]): RevisionRow | undefined {
  return rows.find(({ state }) => state === 'active')
}
