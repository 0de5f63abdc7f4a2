import { resources } from '../../crds/resources.ts'
import type { FlowRevision } from '../../crds/v1alpha1/flow-revision.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { openBackoff } from '../../kube/backoff.ts'
import { identityOnly } from '../../kube/cache/projection.ts'
import { pause } from '../../kube/clock.ts'
import { apiVersionOf, pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { KubeError } from '../../kube/transport/kube-error.ts'
import { PermanentError } from '../../runtime/error.ts'
import { clusterFailure, isNoSuchObject } from '../../runtime/plans/kubernetes/cluster-failure.ts'
import {
  flowLabel,
  flowUidLabel,
  readRevision,
  revisionLabel,
  revisionName,
  stateLabel,
} from '../../runtime/plans/kubernetes/flow-revisions.ts'
import { revisionTaken } from '../../runtime/store/revision-taken.ts'
import type { PlanStore } from '../../runtime/store/store.ts'
import type { Kept } from '../../kube/cache/projection.ts'
import type { InCluster } from '../operator-parts.ts'
import type { ClusterStatesParts } from './cluster-states.ts'
import { largestPlanBytes, planBytes } from './plan-size.ts'

type ClusterRevision = InCluster<Omit<FlowRevision, 'spec'>>

/** By what FlowRevisions are found in their cache: the uid of their flow. */
export const revisionIndexes = {
  flow: ({ metadata }: Kept) => [metadata.labels?.[flowUidLabel] ?? ''],
} as const

const mostTries = 6
const retryPolicy = { firstMs: 100, factor: 3, longestMs: 2_000 }

/**
 * Plans of the flows of one namespace, as FlowRevisions. A plan is written once; the same again is no error, and changes nothing.
 *
 * `revisions` and `latest` go by the cache: a number that is too many is removed once more, one that is missing is found at the next look, and none is
 * given twice, since its name is taken.
 */
export function openRevisionPlans(parts: ClusterStatesParts, namespace: string): PlanStore {
  const { client, caches } = parts
  const revisions = (flow: string): number[] =>
    caches.flowRevisions
      .byIndex('flow', flow)
      .filter(({ metadata }) => metadata.namespace === namespace && metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => Number(metadata.labels?.[revisionLabel]))
      .filter((revision) => Number.isSafeInteger(revision))
      .toSorted((left, right) => left - right)
  const get = (flow: string, revision: number): Promise<Plan | undefined> =>
    readRevision(client, { namespace, flow, revision })
  return {
    get,
    put: (plan) => create(parts, namespace, plan),
    revisions: async (flow) => revisions(flow),
    latest: async (flow) => {
      const last = revisions(flow).at(-1)
      return last === undefined ? undefined : get(flow, last)
    },
    remove: async (flow, revision) => {
      const name = revisionName({ flow, revision })
      if (name === undefined) return
      const path = pathOf(resources.flowRevisions, { namespace, name })
      const answer = await client.request({ method: 'DELETE', path })
      if (answer.kind === 'failed' && !isNoSuchObject(answer.failure, name)) throw clusterFailure(answer.failure)
    },
  }
}

async function create(parts: ClusterStatesParts, namespace: string, plan: Plan): Promise<void> {
  const { client, caches, clock } = parts
  const body = revisionOf(plan, namespace)
  const path = pathOf(resources.flowRevisions, { namespace })
  const backoff = openBackoff(retryPolicy, Math.random)
  let failure: KubeError | undefined
  for (let tries = 0; tries < mostTries; tries += 1) {
    const answer = await client.request<KubeObject>({ method: 'POST', path, body })
    if (answer.kind === 'done') return caches.flowRevisions.note(withoutPlan(answer.value))
    failure = answer.failure
    if (failure.reason === 'AlreadyExists') return assertSame(parts, namespace, plan)
    if (failure.status === 422 || failure.status === 413)
      throw new PermanentError('PlanRefused', failure.message, { cause: failure })
    if (!mayHelpToRepeat(failure)) throw clusterFailure(failure)
    // What was created without an answer is found to be the same.
    await pause(clock, Math.max(backoff.nextMs(), failure.retryAfterMs ?? 0))
  }
  if (failure !== undefined) throw clusterFailure(failure)
}

/** As the cache has it. */
export function withoutPlan(object: KubeObject): ClusterRevision {
  return identityOnly(object) as ClusterRevision // kind and version stand in no list either
}

function mayHelpToRepeat({ kind, status }: KubeError): boolean {
  return kind === 'late' || kind === 'unreachable' || status >= 500 || status === 409
}

async function assertSame({ client }: ClusterStatesParts, namespace: string, plan: Plan): Promise<void> {
  const there = await readRevision(client, { namespace, flow: plan.flow.uid, revision: plan.revision })
  if (there !== undefined && there.hash !== plan.hash) throw revisionTaken(plan)
}

/** @throws {PermanentError} `PlanTooLarge` */
function revisionOf(plan: Plan, namespace: string): Omit<FlowRevision, 'metadata'> & KubeObject {
  const { flow, revision, hash } = plan
  const name = revisionName({ flow: flow.uid, revision })
  const bytes = planBytes(plan)
  if (name === undefined) throw new PermanentError('PlanRefused', `${JSON.stringify(flow.uid)} is no uid of a Flow`)
  if (bytes > largestPlanBytes) {
    const most = largestPlanBytes / 1024
    const advice = 'move large literals out of its `config` and expressions, or split it into several flows'
    throw new PermanentError(
      'PlanTooLarge',
      `the plan of flow ${flow.name} takes ${bytes} bytes, above ${most} KiB: ${advice}`,
    )
  }
  return {
    apiVersion: apiVersionOf(resources.flowRevisions) as FlowRevision['apiVersion'],
    kind: 'FlowRevision',
    metadata: {
      name,
      namespace,
      labels: {
        'app.kubernetes.io/managed-by': 'weir',
        [flowLabel]: flow.name,
        [flowUidLabel]: flow.uid,
        [revisionLabel]: String(revision),
        [stateLabel]: 'current',
      },
      ownerReferences: [
        {
          apiVersion: apiVersionOf(resources.flows),
          kind: resources.flows.kind,
          name: flow.name,
          uid: flow.uid,
          controller: true,
          // To say otherwise one must be allowed to write finalizers, and nothing waits for it.
          blockOwnerDeletion: false,
        },
      ],
    },
    spec: { flow: flow.name, revision, hash, plan: plan as unknown as FlowRevision['spec']['plan'] },
  }
}
