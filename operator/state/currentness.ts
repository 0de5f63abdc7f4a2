import { resources } from '../../crds/resources.ts'
import { readFlowState } from '../../flow/plan/flow-status.ts'
import { pause } from '../../kube/clock.ts'
import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import { clusterFailure } from '../../runtime/plans/kubernetes/cluster-failure.ts'
import type { ClusterStatesParts } from './cluster-states.ts'
import type { ClusterFlow } from './flow-finder.ts'
import { stateManager } from './send-state.ts'

/** A watch tells of a write within milliseconds, unless it is dead. */
const toldWithinMs = 10_000
/** So many are looked at for one that has a state. */
const mostSought = 200
/** One that its server takes no write for is no reason to compare all. */
const mostTries = 3

type CurrentnessParts = Pick<ClusterStatesParts, 'client' | 'caches' | 'clock'>

/**
 * Whether the cache has all that was written to Flows before this process began to lead. Asked for once, with the first call.
 *
 * One Flow's state is written as it is, under the next version. When the watch tells of that write it has told of every earlier one, since it keeps the
 * server's order; and where the cache was behind in that very Flow, the write is refused. Costs one write, however many Flows there are. False when
 * there is no Flow with a state, or the watch tells of nothing.
 *
 * @throws {TransientError} by the returned function: this process leads no more; the next call tries again
 */
export function openCurrentness(parts: CurrentnessParts): () => Promise<boolean> {
  let asked: Promise<boolean> | undefined
  return () =>
    (asked ??= becomeCurrent(parts).catch((error: unknown) => {
      asked = undefined
      throw error
    }))
}

async function becomeCurrent({ client, caches: { flows }, clock }: CurrentnessParts): Promise<boolean> {
  for (const { flow, version } of withState(flows.values())) {
    const written = await writeAgain(client, flow, version)
    if (written === undefined) continue
    const told = flows.reached(written).then(() => true)
    return Promise.race([told, pause(clock, toldWithinMs).then(() => false)])
  }
  return false
}

function withState(all: Iterable<ClusterFlow>) {
  return Iterator.from(all)
    .take(mostSought)
    .flatMap((flow) => {
      const read = readFlowState(flow)
      return read.kind === 'read' ? [{ flow, version: read.version }] : []
    })
    .take(mostTries)
}

/** Gives the resource version that the Flow has since; undefined when it was not written. */
async function writeAgain(
  client: ClusterStatesParts['client'],
  { metadata: { namespace, name, uid } }: ClusterFlow,
  version: number,
): Promise<string | undefined> {
  const at = '/status/state/version'
  const answer = await client.request<KubeObject>({
    method: 'PATCH',
    path: pathOf(resources.flows, { namespace, name, subresource: 'status' }),
    query: { fieldManager: stateManager },
    contentType: 'application/json-patch+json',
    body: [
      { op: 'test', path: '/metadata/uid', value: uid },
      { op: 'test', path: at, value: version },
      { op: 'replace', path: at, value: version + 1 },
    ],
  })
  if (answer.kind === 'done') return answer.value.metadata.resourceVersion
  const { failure } = answer
  if (failure.kind === 'fenced' || failure.kind === 'aborted') throw clusterFailure(failure)
  return undefined
}
