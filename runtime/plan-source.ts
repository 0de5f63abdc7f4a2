import type { BudgetInUse } from '../crds/v1alpha1/credential.ts'
import type { Plan, PlanStage } from '../flow/plan/plan.ts'

/** Where a process gets its plans from: the manifests of a local run, a directory, or Kubernetes. */
export interface PlanSource {
  /** The plan that new messages of the flow are stamped with. */
  readonly active: (flowUid: string) => Plan | undefined
  /**
   * The plan that a message names. Undefined means gone for good.
   *
   * @throws {TransientError} when it cannot be known now
   */
  readonly get: (flowUid: string, revision: number) => Promise<Plan | undefined>
  readonly flows: () => readonly string[]
  /**
   * Reads the flow anew from where the truth is, past every cache, and gives its active plan: after a publish that nobody took.
   *
   * @throws {TransientError} when it cannot be known now
   */
  readonly refresh: (flowUid: string) => Promise<Plan | undefined>
}

/** What runners consume, and what becomes of it. */
export interface WorkList {
  /** The queues that are to be consumed now, those of frozen flows left out. */
  readonly living: () => readonly LivingWork[]
  /** Told after `living`, or an active plan, has changed. Returns what ends it. */
  readonly onChange: (listener: () => void) => () => void
}

/** One queue, and the newest plan that has it. */
export interface LivingWork {
  readonly stage: PlanStage
  readonly plan: Plan
}

/** A Credential's fields by name, merged over a step's config. */
export interface CredentialSource {
  /**
   * Undefined when there is none.
   *
   * @param wish `isFresh` after something has failed with what was given before: a copy that may be old is not good enough
   * @throws {TransientError} when it cannot be read now, or has expired
   */
  readonly get: (
    namespace: string,
    name: string,
    wish?: { readonly isFresh?: boolean },
  ) => Promise<ResolvedCredential | undefined>
}

export interface ResolvedCredential {
  readonly type: string
  readonly fields: Readonly<Record<string, string>>
  /** What holds those who use it; absent where nothing does. */
  readonly rateBudget?: BudgetInUse
}
