import type { FlowSpec } from '../../../crds/v1alpha1/flow.ts'
import type { FlowStatus } from '../../../crds/v1alpha1/flow-status.ts'
import type { Trigger } from '../../../crds/v1alpha1/trigger.ts'
import type { FlowState } from '../../../flow/plan/flow-state.ts'
import type { Plan } from '../../../flow/plan/plan.ts'

/** By what the callers of a flow's webhooks are to be told apart. */
export interface HookNeeds {
  /** The flow's uid. */
  readonly flow: string
  /** Names of Credentials, as they are written. */
  readonly credentials: readonly string[]
  /** Revisions whose plans name further ones. */
  readonly revisions: readonly number[]
  /** The revision that names just these: what is written is what runs. */
  readonly written?: number
  /** It cannot be told what it needs: what its namespace was granted stays. */
  readonly isUnknown?: true
}

export interface HookFacts {
  readonly generation: number | undefined
  readonly isDeleting: boolean
  readonly spec: Pick<FlowSpec, 'triggers' | 'revision'>
  readonly status: Pick<FlowStatus, 'observedGeneration' | 'conditions'> | undefined
  readonly state: Pick<FlowState, 'flow' | 'active' | 'pending' | 'deletion'>
}

/**
 * What a flow's webhooks need now: those of the active revision, and those of one that is about to be, so that it is not active before its callers can be
 * judged. What is written tells it most of the time; of an edit that is refused, and of a flow that is pinned, the plan alone does.
 */
export function hookNeeds(facts: HookFacts): HookNeeds {
  const { spec, state, isDeleting } = facts
  const { flow, active, pending } = state
  if (isDeleting || state.deletion !== undefined) return { flow, credentials: [], revisions: [] }
  const written = hookCredentials(spec.triggers)
  if (active !== undefined && isAsWritten(facts)) return { flow, credentials: written, revisions: [], written: active }
  const isOfSpec = spec.revision === undefined
  const revisions = [active, isOfSpec ? undefined : pending?.revision].filter((one) => one !== undefined)
  return { flow, credentials: pending !== undefined && isOfSpec ? written : [], revisions }
}

/** Whether a flow needs nothing whatever its state says: what is written is what runs, and has no webhook that tells callers apart. */
export function needsNothing(facts: Pick<HookFacts, 'generation' | 'spec' | 'status'>): boolean {
  return isAsWritten(facts) && hookCredentials(facts.spec.triggers).length === 0
}

/** Credentials that a plan's webhooks name. */
export function plannedCredentials({ triggers }: Plan): readonly string[] {
  return hookCredentials(triggers.map(({ spec }) => spec))
}

/** The auths of all kinds are alike in this. */
function hookCredentials(triggers: readonly Pick<Trigger, 'webhook'>[]): readonly string[] {
  const auths = triggers.flatMap(({ webhook }) => Object.values(webhook?.auth ?? {}))
  return [...new Set(auths.flatMap((auth: { readonly credential?: string } | undefined) => auth?.credential ?? []))]
}

function isAsWritten({ generation, status }: Pick<HookFacts, 'generation' | 'status'>): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && ready.reason === 'RevisionActive' && status?.observedGeneration === generation
}
