import type { Plan } from '../flow/plan/plan.ts'

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
}

/** A Credential's fields by name, merged over a step's config. */
export interface CredentialSource {
  /** @throws {TransientError} when it cannot be read now; undefined when there is none */
  readonly get: (namespace: string, name: string) => Promise<ResolvedCredential | undefined>
}

export interface ResolvedCredential {
  readonly type: string
  readonly fields: Readonly<Record<string, string>>
}
