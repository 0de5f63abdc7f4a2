import { resources } from '../../../crds/resources.ts'
import type { FlowRevision } from '../../../crds/v1alpha1/flow-revision.ts'
import type { Plan } from '../../../flow/plan/plan.ts'
import { pathOf } from '../../../kube/kube-object.ts'
import type { KubeClient } from '../../../kube/transport/kube-client.ts'
import { TransientError } from '../../error.ts'
import { clusterFailure, isNoSuchObject } from './cluster-failure.ts'

/** Labels of a FlowRevision. */
export const flowLabel = 'weir.dev/flow'
export const flowUidLabel = 'weir.dev/flow-uid'
export const revisionLabel = 'weir.dev/revision'
export const stateLabel = 'weir.dev/state'

/** Where the FlowRevisions of a flow are. */
export interface RevisionPlace {
  readonly namespace: string
  /** The flow's uid. */
  readonly flow: string
  readonly revision: number
}

/** The name of a flow's revision, for ever. Undefined where it can be none: uids come in messages, too. */
export function revisionName({ flow, revision }: Omit<RevisionPlace, 'namespace'>): string | undefined {
  const isUid = /^[a-z0-9](?:[a-z0-9-]{0,126}[a-z0-9])?$/.test(flow)
  return isUid && Number.isSafeInteger(revision) && revision > 0 ? `${flow}-${revision}` : undefined
}

/**
 * A plan as the API server has it now. Undefined means that there is none, for certain.
 *
 * @throws {TransientError} it cannot be known now; `PlanUnreadable` where what stands there is no plan that this version knows
 */
export async function readRevision(client: KubeClient, place: RevisionPlace): Promise<Plan | undefined> {
  const name = revisionName(place)
  if (name === undefined) return undefined
  const path = pathOf(resources.flowRevisions, { namespace: place.namespace, name })
  const answer = await client.request<FlowRevision>({ method: 'GET', path })
  if (answer.kind === 'done') return planOf(answer.value, name, place)
  if (isNoSuchObject(answer.failure, name)) return undefined
  throw clusterFailure(answer.failure)
}

function planOf({ spec }: FlowRevision, name: string, { namespace, flow, revision }: RevisionPlace): Plan {
  const plan = spec.plan as Partial<Plan> // each field that tells is looked at
  const isPlan =
    plan.format === 1 && plan.revision === revision && plan.flow?.uid === flow && Array.isArray(plan.stages)
  if (isPlan) return plan as Plan // written by the operator
  const what = `FlowRevision ${namespace}/${name} is no plan of revision ${revision} that this version knows`
  throw new TransientError('PlanUnreadable', what)
}
