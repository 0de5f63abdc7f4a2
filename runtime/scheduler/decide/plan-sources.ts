import type { PlanTriggerSpec } from '../../../flow/plan/defaults.ts'
import type { Plan } from '../../../flow/plan/plan.ts'

/** A trigger that fires by itself. */
export interface PlannedSource {
  readonly key: string
  /** The flow's uid. */
  readonly flow: string
  readonly trigger: string
  readonly revision: number
  readonly spec: PlanTriggerSpec
  /** Changes when the source has to begin anew. */
  readonly fingerprint: string
  /** No new runs: suspended, or frozen as well. */
  readonly isSuspended: boolean
}

/** What of the active plans fires by itself: schedules, polls and endless triggers. */
export function planSources(plans: readonly Plan[]): PlannedSource[] {
  return plans.flatMap(({ flow, revision, triggers }) =>
    triggers
      .filter(({ spec }) => spec.schedule !== undefined || spec.poll !== undefined || spec.listen !== undefined)
      .map(({ name, spec }) => ({
        key: `${flow.uid}/${name}`,
        flow: flow.uid,
        trigger: name,
        revision,
        spec,
        fingerprint: JSON.stringify([spec.schedule, spec.poll, spec.listen]),
        isSuspended: flow.suspend || flow.freeze,
      })),
  )
}

export type SourceChange =
  /** It stays as it is. */
  | { readonly kind: 'keep' }
  | { readonly kind: 'suspend' }
  /** `firstSeen`: what it has missed before counts; otherwise it begins now. */
  | { readonly kind: 'open'; readonly isFirstSeen: boolean }

/** What to do about a source, from what it was when the plans were looked at last. */
export function decideChange(before: PlannedSource | undefined, planned: PlannedSource): SourceChange {
  if (before === undefined) return planned.isSuspended ? { kind: 'suspend' } : { kind: 'open', isFirstSeen: true }
  const isSame = before.isSuspended === planned.isSuspended && before.fingerprint === planned.fingerprint
  if (isSame || (before.isSuspended && planned.isSuspended)) return { kind: 'keep' }
  return planned.isSuspended ? { kind: 'suspend' } : { kind: 'open', isFirstSeen: false }
}
