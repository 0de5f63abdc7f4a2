import { resources } from '../../crds/resources.ts'
import { readFlowState } from '../../flow/plan/flow-status.ts'
import { openController, type Reconciled } from '../../kube/controller/controller.ts'
import { byOwner, mappedSource, primarySource } from '../../kube/controller/sources.ts'
import { pathOf, type KubeObject, type ObjectMeta } from '../../kube/kube-object.ts'
import { isNoSuchObject } from '../../runtime/plans/kubernetes/cluster-failure.ts'
import { revisionLabel, stateLabel } from '../../runtime/plans/kubernetes/flow-revisions.ts'
import type { OperatorPart, OperatorParts } from '../operator-parts.ts'
import { revisionLabelOf, type RevisionLabel } from './decide/revision-label.ts'
import { withoutPlan } from './revision-plans.ts'

/**
 * Keeps the label `weir.dev/state` of FlowRevisions as the states of their flows have it: `current`, as each is made, or `old`. It is for people and
 * their tools; nothing of Weir goes by it. One write in the life of each.
 */
export function openRevisionLabels(parts: OperatorParts): OperatorPart {
  const { caches, clock, log, meters } = parts
  const controller = openController({
    name: 'flow-revisions',
    sources: [
      primarySource(caches.flows),
      mappedSource(caches.flowRevisions, byOwner(resources.flows.kind, resources.flows.group)),
    ],
    reconcile: (key) => labelRevisions(parts, key),
    onFailure: ({ key, error, retryAfterMs }) =>
      log.warn({ flow: key, err: error, retryAfterMs }, 'revisions of a flow not labelled, it will be tried again'),
    clock,
    meters,
  })
  return { run: controller.run }
}

const done: Reconciled = { kind: 'done' }

async function labelRevisions(parts: OperatorParts, key: string): Promise<Reconciled> {
  const flow = parts.caches.flows.get(key)
  // What is to go needs no label.
  if (flow === undefined || flow.metadata.deletionTimestamp !== undefined) return done
  const read = readFlowState(flow)
  if (read.kind !== 'read') return done
  const revisions = parts.caches.flowRevisions.byIndex('flow', read.state.flow)
  for (const { metadata } of revisions) {
    const label = revisionLabelOf(read.state, Number(metadata.labels?.[revisionLabel]))
    if (metadata.labels?.[stateLabel] !== label) await writeLabel(parts, metadata, label)
  }
  return done
}

async function writeLabel(
  { caches, client }: OperatorParts,
  metadata: ObjectMeta,
  label: RevisionLabel,
): Promise<void> {
  const { namespace, name, uid } = metadata
  const answer = await client.request<KubeObject>({
    method: 'PATCH',
    path: pathOf(resources.flowRevisions, { namespace, name }),
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid, labels: { [stateLabel]: label } } },
  })
  if (answer.kind === 'done') caches.flowRevisions.note(withoutPlan(answer.value))
  else if (!isNoSuchObject(answer.failure, name)) throw answer.failure
}
