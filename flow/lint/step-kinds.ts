import type { Step } from '../../crds/v1alpha1/step.ts'

const componentKinds = ['component', 'clusterComponent'] as const
export const builtInKinds = ['transform', 'set', 'filter', 'split', 'wait', 'log', 'fail', 'respond'] as const

export type StepKind = (typeof componentKinds)[number] | (typeof builtInKinds)[number]

const all: readonly StepKind[] = [...componentKinds, ...builtInKinds]

/** Everything that the step says it is; exactly one when it is right. */
export function stepKindsOf(step: Step): readonly StepKind[] {
  return all.filter((kind) => step[kind] !== undefined)
}

/** The step is one built-in and nothing else. */
export function isBuiltIn(step: Step): boolean {
  const [kind, ...others] = stepKindsOf(step)
  return others.length === 0 && kind !== undefined && kind !== 'component' && kind !== 'clusterComponent'
}
