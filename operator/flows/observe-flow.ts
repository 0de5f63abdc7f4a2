import type { ClusterComponent, Component } from '../../crds/v1alpha1/component.ts'
import type { Credential } from '../../crds/v1alpha1/credential.ts'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import type { ComponentReference } from '../../flow/component/contract-index.ts'
import type { InCluster, OperatorCaches } from '../operator-parts.ts'
import { referencesOf } from './decide/flow-references.ts'
import { judgeFlow, type FlowCase, type Verdict } from './decide/judge-flow.ts'
import { webhookKeys } from './flow-indexes.ts'
import { idOf, type ClusterFlow } from './flow-parts.ts'

/** The verdict on a flow, without its plan: that is made again when it is needed. */
export type KnownVerdict = Exclude<Verdict, { kind: 'fit' }> | FitVerdict

interface FitVerdict extends Omit<Extract<Verdict, { kind: 'fit' }>, 'plan'> {
  readonly hash: string
}

/** Judges flows by what is in the caches, and remembers what came of it as long as nothing that counts has changed. */
export interface FlowJudge {
  readonly judge: (flow: ClusterFlow) => KnownVerdict
  /** With its plan. */
  readonly plan: (flow: ClusterFlow) => Verdict
  readonly forget: (uid: string) => void
}

interface Remembered {
  readonly key: string
  readonly verdict: KnownVerdict
}

export function openFlowJudge(caches: OperatorCaches): FlowJudge {
  const remembered = new Map<string, Remembered>()
  return {
    plan: (flow) => judgeFlow(caseOf(flow, caches)),
    forget: (uid) => void remembered.delete(uid),
    judge: (flow) => {
      const { uid } = idOf(flow)
      const given = caseOf(flow, caches)
      const key = keyOfCase(given)
      const known = remembered.get(uid)
      if (known?.key === key) return known.verdict
      const verdict = withoutPlan(judgeFlow(given))
      remembered.set(uid, { key, verdict })
      return verdict
    },
  }
}

function withoutPlan(verdict: Verdict): KnownVerdict {
  if (verdict.kind !== 'fit') return verdict
  const { plan, ...rest } = verdict
  return { ...rest, hash: plan.hash }
}

/** What it names, and the versions of these: not their state alone, since a component's functions may stand in its status. */
function keyOfCase({ flow, components, clusterComponents, credentials, rivals }: FlowCase): string {
  const named = [...components, ...clusterComponents, ...credentials, ...rivals]
  const versions = named.map(({ metadata: { uid, resourceVersion } }) => `${uid}:${resourceVersion}`)
  return JSON.stringify([flow.metadata.generation, flow.metadata.labels, versions])
}

function caseOf(flow: ClusterFlow, caches: OperatorCaches): FlowCase {
  const { namespace } = flow.metadata
  const { components, credentials } = referencesOf(flow.spec)
  return {
    flow: asWritten(flow),
    components: found(components, 'Component')
      .flatMap((name) => caches.components.get(`${namespace}/${name}`) ?? [])
      .map(asComponent),
    clusterComponents: found(components, 'ClusterComponent')
      .flatMap((name) => caches.clusterComponents.get(name) ?? [])
      .map(asClusterComponent),
    credentials: credentials.flatMap((name) => caches.credentials.get(`${namespace}/${name}`) ?? []).map(asCredential),
    rivals: rivalsOf(flow, caches),
  }
}

function found(references: readonly ComponentReference[], wanted: ComponentReference['kind']): string[] {
  return references.flatMap(({ kind, name }) => (kind === wanted ? [name] : []))
}

/** Of two with the same webhook the older one has it. */
function rivalsOf(flow: ClusterFlow, { flows }: OperatorCaches): readonly Flow[] {
  const all = webhookKeys(flow).flatMap((key) => flows.byIndex('webhook', key))
  const others = new Set(all.filter((other) => other !== flow && isOlder(other, flow)))
  return [...others].map(asWritten)
}

function isOlder(one: ClusterFlow, other: ClusterFlow): boolean {
  if (one.metadata.uid === other.metadata.uid || one.metadata.deletionTimestamp !== undefined) return false
  const age = ({ metadata }: ClusterFlow): string => `${metadata.creationTimestamp} ${metadata.name}`
  return age(one) < age(other)
}

// The API server has checked them against the schemas that are made of these types; kind and version it leaves out of lists.
function asWritten(flow: ClusterFlow): Flow {
  return { ...flow, apiVersion: 'weir.dev/v1alpha1', kind: 'Flow' } as unknown as Flow
}

function asComponent(component: InCluster<Component>): Component {
  return { ...component, apiVersion: 'weir.dev/v1alpha1', kind: 'Component' } as unknown as Component
}

function asClusterComponent(component: InCluster<ClusterComponent>): ClusterComponent {
  return { ...component, apiVersion: 'weir.dev/v1alpha1', kind: 'ClusterComponent' } as unknown as ClusterComponent
}

function asCredential(credential: InCluster<Credential>): Credential {
  return { ...credential, apiVersion: 'weir.dev/v1alpha1', kind: 'Credential' } as unknown as Credential
}
