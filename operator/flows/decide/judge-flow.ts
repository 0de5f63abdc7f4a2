import type { ClusterComponent, Component } from '../../../crds/v1alpha1/component.ts'
import type { Credential } from '../../../crds/v1alpha1/credential.ts'
import type { Flow } from '../../../crds/v1alpha1/flow.ts'
import type { ComponentContract } from '../../../flow/component/component-contract.ts'
import { specWithStatus } from '../../../flow/component/spec-with-status.ts'
import { contractIndex } from '../../../flow/component/contract-index.ts'
import { contractOf } from '../../../flow/component/contract-of.ts'
import type { Finding } from '../../../flow/finding/finding.ts'
import { lintManifests } from '../../../flow/lint/lint-flows.ts'
import { webhookClashes } from '../../../flow/lint/webhook-clashes.ts'
import type { Manifest } from '../../../flow/manifest/manifest.ts'
import { compile } from '../../../flow/plan/compile.ts'
import type { Plan } from '../../../flow/plan/plan.ts'

/** A flow, with all in its namespace that it names, as far as it is there. */
export interface FlowCase {
  readonly flow: Flow
  readonly components: readonly Component[]
  readonly clusterComponents: readonly ClusterComponent[]
  readonly credentials: readonly Credential[]
  /** Older flows with a webhook that may be called by the same requests. */
  readonly rivals: readonly Flow[]
}

export type Verdict =
  /** It can run; what is worth a warning it may have. */
  | { readonly kind: 'fit'; readonly plan: Plan; readonly warnings: readonly Finding[] }
  /** It cannot, and somebody must change something. Errors first. */
  | { readonly kind: 'unfit'; readonly errors: readonly Finding[]; readonly warnings: readonly Finding[] }
  /** Nothing is known to be wrong, and the functions of these are not known yet; `Component/shop`. */
  | { readonly kind: 'unknown'; readonly components: readonly string[]; readonly warnings: readonly Finding[] }

/** Whether a flow can run as it is written, and how. */
export function judgeFlow(given: FlowCase): Verdict {
  const contracts = contractsOf(given)
  const index = contractIndex(contracts)
  const findings = [...findingsOf(given, contracts)].toSorted((left, right) => (left.path < right.path ? -1 : 1))
  const errors = findings.filter(({ severity }) => severity === 'error')
  const warnings = findings.filter(({ severity }) => severity === 'warning')
  if (errors.length > 0) return { kind: 'unfit', errors, warnings }
  const components = unknownComponents(given, contracts)
  if (components.length > 0) return { kind: 'unknown', components, warnings }
  return { kind: 'fit', plan: compile(given.flow, { contracts: index, revision: 1 }), warnings }
}

function contractsOf({ components, clusterComponents }: FlowCase): readonly ComponentContract[] {
  return [...components, ...clusterComponents].flatMap(({ kind, metadata: { name, namespace }, spec, status }) => {
    const { contract } = contractOf({
      kind,
      name,
      ...(kind === 'Component' && namespace !== undefined && { namespace }),
      spec: specWithStatus({ spec, status }),
    })
    return contract === undefined ? [] : [contract]
  })
}

function unknownComponents(
  { components, clusterComponents }: FlowCase,
  contracts: readonly ComponentContract[],
): string[] {
  const known = new Set(contracts.map(({ kind, name }) => `${kind}/${name}`))
  return [...components, ...clusterComponents]
    .map(({ kind, metadata: { name } }) => `${kind}/${name}`)
    .filter((name) => !known.has(name))
}

function findingsOf(given: FlowCase, contracts: readonly ComponentContract[]): readonly Finding[] {
  const flow = toManifest(given.flow)
  const options = { contracts: contractIndex(contracts), strict: true }
  const manifests = {
    flows: [flow],
    components: given.components.map(toManifest),
    clusterComponents: given.clusterComponents.map(toManifest),
    credentials: given.credentials.map(toManifest),
    apps: [],
    secrets: [],
  }
  const linted = lintManifests({ manifests, broken: [], findings: [], ignored: new Map() }, options)
  const clashes = webhookClashes([...given.rivals.map(toManifest), flow])
  // Those of components and credentials stand in their own status. A flow's clashes with itself are in both lists.
  const own = linted.filter(({ file, code }) => file === flow.file && code !== 'WebhookPathClash')
  return [...own, ...clashes.filter(({ file }) => file === flow.file)].map(inCluster)
}

/** The same in the words of a cluster: there are no files, and a name is known in its namespace. */
function inCluster(finding: Finding): Finding {
  const message = finding.message
    .replace(' in the given files', ' in this namespace')
    .replace(/ answers to the same requests \([^)]*\)/, ' answers to the same requests')
  return { ...finding, message }
}

function toManifest<Object extends Flow | Component | ClusterComponent | Credential>(object: Object): Manifest<Object> {
  const { namespace, name } = object.metadata
  const metadata = { ...object.metadata, namespace: namespace ?? 'default' }
  return { file: `${object.kind}/${namespace}/${name}`, object: { ...object, metadata }, positionOf: () => nowhere }
}

const nowhere = { line: 1, column: 1 }
