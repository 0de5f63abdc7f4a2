import type { Step } from '../../crds/v1alpha1/step.ts'
import type { ComponentContract } from './component-contract.ts'

/** Which component a step means: a Component of its flow's namespace, or a ClusterComponent. */
export interface ComponentReference {
  readonly kind: 'Component' | 'ClusterComponent'
  readonly name: string
}

/** The known contracts, by what a step writes. */
export interface ContractIndex {
  /** The contract that a step in the namespace means. One of the namespace itself wins over one without a namespace. */
  readonly find: (reference: ComponentReference, namespace: string) => ComponentContract | undefined
  /** Sorted; what a step in the namespace may name, for suggestions. */
  readonly names: (kind: ComponentReference['kind'], namespace: string) => readonly string[]
}

/**
 * Looks contracts up by kind, name and namespace. A Component without a namespace (code given on the command line)
 * is known in all of them; of two with the same key the later one wins, so that what was given last overrides.
 */
export function contractIndex(contracts: Iterable<ComponentContract>): ContractIndex {
  const byKey = new Map<string, ComponentContract>()
  for (const contract of contracts) byKey.set(keyOf(contract, namespaceOf(contract)), contract)
  return {
    find: (reference, namespace) =>
      (reference.kind === 'Component' ? byKey.get(keyOf(reference, namespace)) : undefined) ??
      byKey.get(keyOf(reference, everywhere)),
    names: (kind, namespace) => {
      const visible = [...byKey.values()].filter(
        (contract) => contract.kind === kind && [namespace, everywhere].includes(namespaceOf(contract)),
      )
      return [...new Set(visible.map((contract) => contract.name))].sort()
    },
  }
}

/** Which component the step names; undefined for a built-in. */
export function componentOf(step: Pick<Step, 'component' | 'clusterComponent'>): ComponentReference | undefined {
  if (step.component !== undefined) return { kind: 'Component', name: step.component }
  if (step.clusterComponent !== undefined) return { kind: 'ClusterComponent', name: step.clusterComponent }
  return undefined
}

const everywhere = ''

function namespaceOf(contract: ComponentContract): string {
  return contract.kind === 'Component' ? (contract.namespace ?? everywhere) : everywhere
}

function keyOf(reference: ComponentReference, namespace: string): string {
  return `${reference.kind}/${namespace}/${reference.name}`
}
