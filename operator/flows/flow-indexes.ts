import type { Flow } from '../../crds/v1alpha1/flow.ts'
import type { Index } from '../../kube/cache/object-index.ts'
import type { InCluster } from '../operator-parts.ts'
import { referencesOf } from './decide/flow-references.ts'

type FlowIndex = Index<InCluster<Flow>>

/** By what flows are found in their cache: by uid, by namespace, by whether a revision is active (`yes`), and by what they name, as `keyOf` has it. */
export const flowIndexes = {
  uid: ({ metadata }) => [metadata.uid ?? ''],
  namespace: ({ metadata }) => [metadata.namespace ?? ''],
  active: ({ status }) => (status?.activeRevision === undefined ? [] : ['yes']),
  component: (flow) => namesOf(flow, 'Component').map((name) => inNamespace(flow, name)),
  clusterComponent: (flow) => namesOf(flow, 'ClusterComponent'),
  credential: (flow) => referencesOf(flow.spec).credentials.map((name) => inNamespace(flow, name)),
  webhook: (flow) => webhookKeys(flow),
} as const satisfies Readonly<Record<string, FlowIndex>>

/** Flows that have one in common may answer to the same requests. */
export function webhookKeys(flow: InCluster<Flow>): string[] {
  return referencesOf(flow.spec).webhooks.map((shape) => inNamespace(flow, shape))
}

function namesOf({ spec }: InCluster<Flow>, wanted: 'Component' | 'ClusterComponent'): string[] {
  return referencesOf(spec).components.flatMap(({ kind, name }) => (kind === wanted ? [name] : []))
}

function inNamespace({ metadata }: InCluster<Flow>, name: string): string {
  return `${metadata.namespace}/${name}`
}
