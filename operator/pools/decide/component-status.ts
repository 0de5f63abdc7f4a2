import type { ComponentStatus } from '../../../crds/v1alpha1/component.ts'
import type { Condition } from '../../../crds/v1alpha1/condition.ts'
import type { PodTrouble } from './pod-trouble.ts'
import type { PoolReport } from './pool-report.ts'

export interface ComponentFacts {
  readonly generation: number
  /** What its code offers, as far as that was found out. */
  readonly found: FoundFunctions
  readonly pools: readonly PoolFinding[]
}

/** What its code offers as the status shows it, as far as its spec does not say so itself. */
export type ShownFunctions = Pick<ComponentStatus, 'functions' | 'dialect' | 'isolation' | 'image'>

/** `shown` is what was known before, as long as there is nothing newer: flows run by it. */
export type FoundFunctions = { readonly shown: ShownFunctions } & (
  | { readonly kind: 'known' }
  /** Somebody reads them now. */
  | { readonly kind: 'reading' }
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string }
)

export interface PoolFinding {
  readonly namespace: string
  readonly report?: PoolReport
  readonly pods?: PodTrouble
}

export type WantedCondition = Omit<Condition, 'lastTransitionTime'>

export interface WantedComponentStatus extends ShownFunctions {
  readonly observedGeneration: number
  readonly conditions: readonly WantedCondition[]
}

const mostPaths = 10

/** How a component is, as its conditions say it. Nothing of it changes while pods come and go as they should. */
export function componentStatus({ generation, found, pools }: ComponentFacts): WantedComponentStatus {
  const verdict = verdictOf(found, pools)
  const condition = (type: string, status: boolean, { reason, message }: PodTrouble): WantedCondition => ({
    type,
    status: status ? 'True' : 'False',
    observedGeneration: generation,
    reason,
    message,
  })
  const nothing = { reason: verdict.reason, message: '' }
  return {
    observedGeneration: generation,
    conditions: [
      condition('Ready', verdict.kind === 'ready', verdict),
      condition('Reconciling', verdict.kind === 'reconciling', verdict.kind === 'reconciling' ? verdict : nothing),
      condition('Stalled', verdict.kind === 'stalled', verdict.kind === 'stalled' ? verdict : nothing),
      warning(condition, pools),
    ],
    ...found.shown,
  }
}

interface Verdict extends PodTrouble {
  readonly kind: 'ready' | 'reconciling' | 'stalled'
}

function verdictOf(found: FoundFunctions, pools: readonly PoolFinding[]): Verdict {
  if (found.kind === 'failed') return { kind: 'stalled', reason: found.reason, message: found.message }
  const troubles = pools.flatMap(poolVerdict)
  const worst = troubles.find(({ kind }) => kind === 'stalled') ?? troubles[0]
  if (worst !== undefined) return worst
  if (found.kind === 'reading')
    return { kind: 'reconciling', reason: 'ReadingFunctions', message: 'its functions are being read from its image' }
  return { kind: 'ready', reason: 'Available', message: 'its functions are known; its pods run where queues need them' }
}

function poolVerdict({ namespace, report, pods }: PoolFinding): readonly Verdict[] {
  const trouble = report?.trouble
  const place = `in namespace ${namespace}`
  if (trouble !== undefined) {
    const kind = trouble.isFinal || trouble.reason === 'SecretAccessDenied' ? 'stalled' : 'reconciling'
    return [{ kind, reason: trouble.reason, message: `${place}: ${trouble.message}` }]
  }
  return pods === undefined ? [] : [{ kind: 'stalled', reason: pods.reason, message: `${place}: ${pods.message}` }]
}

function warning(
  condition: (type: string, status: boolean, told: PodTrouble) => WantedCondition,
  pools: readonly PoolFinding[],
): WantedCondition {
  const refused = new Map(pools.flatMap(({ report }) => report?.refused ?? []).map(({ path, why }) => [path, why]))
  if (refused.size === 0) return condition('Warning', false, { reason: 'None', message: '' })
  const lines = [...refused].slice(0, mostPaths).map(([path, why]) => `${path}: ${why}`)
  const more = refused.size > mostPaths ? `; and ${refused.size - mostPaths} more` : ''
  return condition('Warning', true, {
    reason: 'PodTemplateRefused',
    message: `it does not count: ${lines.join('; ')}${more}`,
  })
}
