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
  /** `pending`, `active` or `old`. */
  readonly state: string
  readonly createdAt: string
}

/** A Flow's revisions, newest first. The server is asked for rows: plans are large. */
export async function revisionsOf(cluster: Cluster, flow: KubeObject): Promise<readonly RevisionRow[]> {
  const rows: RevisionRow[] = []
  const labelSelector = `${flowUidLabel}=${flow.metadata.uid ?? ''}`
  let from: string | undefined
  do {
    const page = await cluster.ask<ServerTable>('list flowrevisions', {
      method: 'GET',
      path: pathOf(resources.flowRevisions, { namespace: cluster.namespace }),
      accept: asTable,
      query: { limit: 500, continue: from, includeObject: 'Metadata', labelSelector },
    })
    rows.push(...rowsOf(page))
    from = page.metadata?.continue
  } while (from !== undefined && from !== '')
  return rows.toSorted((left, right) => right.revision - left.revision)
}

function rowsOf({ columnDefinitions, rows = [] }: ServerTable): RevisionRow[] {
  const cell = (cells: readonly unknown[], heading: string): unknown =>
    cells[columnDefinitions.findIndex(({ name }) => name === heading)]
  return rows.flatMap(({ cells, object }) => {
    const metadata = object?.metadata
    if (metadata === undefined) return []
    const [revision, state, hash] = ['Revision', 'State', 'Hash'].map((heading) => cell(cells, heading))
    return [
      {
        name: metadata.name,
        revision: Number(revision),
        state: typeof state === 'string' ? state : '',
        hash: typeof hash === 'string' ? hash : '',
        createdAt: metadata.creationTimestamp ?? '',
      },
    ]
  })
}

/** What a revision is. */
export async function planOfRevision(cluster: Cluster, { name }: RevisionRow): Promise<Plan | undefined> {
  const found = await cluster.find<FlowRevision>(resources.flowRevisions, name)
  // Written by the operator, and never changed.
  return found === undefined ? undefined : (found.spec.plan as unknown as Plan)
}

/** The one that new messages run under. */
export function activeOf(rows: readonly RevisionRow[], flow: KubeObject): RevisionRow | undefined {
  const { activeRevision } = (flow['status'] ?? {}) as { readonly activeRevision?: number }
  return rows.find(({ revision }) => revision === activeRevision) ?? rows.find(({ state }) => state === 'active')
}
