import { resources } from '../../crds/resources.ts'
import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import type { KubeError } from '../../kube/transport/kube-error.ts'
import { isNoSuchObject } from '../../runtime/plans/kubernetes/cluster-failure.ts'
import { flowFinalizer, type ClusterFlow } from './flow-finder.ts'

/** Who writes `status.state`, as the API server has it in `managedFields`. */
export const stateManager = 'weir-state'

export interface Sending {
  readonly client: KubeClient
  readonly flow: ClusterFlow
  /** The version that must stand there; 0 for none. */
  readonly before: number
  readonly note: (answer: KubeObject) => void
}

interface Operation {
  readonly op: 'add' | 'remove' | 'test'
  readonly path: string
  readonly value?: unknown
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Writes fields of the status, `state` among them, if the version is as it was; one that is given as undefined is taken away. Undefined when it was done.
 *
 * A list of operations that begins with tests: the server compares and writes as one, on the newest object, so that no other write can come between.
 */
export function sendState(sending: Sending, fields: Fields): Promise<KubeError | undefined> {
  const { flow, before } = sending
  const present: Fields = { ...flow.status }
  return patch(sending, 'status', [isVersion(before), ...untouched(fields, present), ...changes(fields, present)])
}

/** Conditions are written as a whole: none that was written meanwhile may be lost. */
function untouched(fields: Fields, { conditions }: Fields): Operation[] {
  return 'conditions' in fields ? [test('/status/conditions', conditions ?? null)] : []
}

function changes(fields: Fields, present: Fields): Operation[] {
  return Object.entries(fields).flatMap(([name, value]): Operation[] => {
    const path = `/status/${name}`
    if (value !== undefined) return [{ op: 'add', path, value }]
    return present[name] === undefined ? [] : [{ op: 'remove', path }]
  })
}

/** Lets the Flow go, which takes its state with it; the state alone where the Flow stays. Undefined when it was done. */
export async function sendRemoval(sending: Sending): Promise<KubeError | undefined> {
  const { flow, before } = sending
  if (!hasState(flow)) return letGo(sending, [])
  if (flow.metadata.deletionTimestamp !== undefined) return letGo(sending, [isVersion(before)])
  const failure = await patch(sending, 'status', [isVersion(before), { op: 'remove', path: '/status/state' }])
  return failure ?? letGo(sending, [])
}

async function letGo(sending: Sending, tests: readonly Operation[]): Promise<KubeError | undefined> {
  const { name, finalizers = [] } = sending.flow.metadata
  const at = finalizers.indexOf(flowFinalizer)
  if (at === -1) return undefined
  const path = `/metadata/finalizers/${at}`
  const failure = await patch(sending, undefined, [...tests, test(path, flowFinalizer), { op: 'remove', path }])
  return failure !== undefined && isNoSuchObject(failure, name) ? undefined : failure
}

function hasState({ status }: ClusterFlow): boolean {
  return (status as { readonly state?: unknown } | undefined)?.state !== undefined
}

function isVersion(version: number): Operation {
  return version === 0 ? test('/status/state', null) : test('/status/state/version', version)
}

function test(path: string, value: unknown): Operation {
  return { op: 'test', path, value }
}

async function patch(
  { client, flow, note }: Sending,
  subresource: 'status' | undefined,
  operations: readonly Operation[],
): Promise<KubeError | undefined> {
  const { namespace, name, uid } = flow.metadata
  const answer = await client.request<KubeObject>({
    method: 'PATCH',
    path: pathOf(resources.flows, { namespace, name, subresource }),
    query: { fieldManager: stateManager },
    contentType: 'application/json-patch+json',
    // One of the same name is another Flow.
    body: [test('/metadata/uid', uid), ...operations],
  })
  if (answer.kind === 'failed') return answer.failure
  note(answer.value)
  return undefined
}
