import { resources } from '../../../crds/resources.ts'
import { pathOf, placeOf, type KubeObject } from '../../../kube/kube-object.ts'
import type { KubeClient } from '../../../kube/transport/kube-client.ts'
import type { PlanSource } from '../../plan-source.ts'
import { clusterFailure, isNoSuchObject } from './cluster-failure.ts'
import { readFlowVersions } from './flow-versions.ts'
import type { FlowLook } from './flow-looks.ts'

interface RefreshParts {
  readonly client: KubeClient
  readonly namespace: string
  /** Uids of Flows that are no more, before the watch has told so. */
  readonly gone: Set<string>
}

/** `refresh` of a plan source: the Flow is read from the server and taken over into the cache, then viewed as any other. */
export function refreshing(
  views: Pick<PlanSource, 'refresh'>,
  flows: FlowLook,
  { client, namespace, gone }: RefreshParts,
): PlanSource['refresh'] {
  const search = nameSearch(client, namespace)
  return async (flow) => {
    const [known] = flows.byIndex('uid', flow)
    const name = known?.metadata.name ?? (await search(flow))
    if (name === undefined) return undefined
    const path = pathOf(resources.flows, { namespace, name })
    const answer = await client.request<KubeObject>({ method: 'GET', path })
    if (answer.kind === 'done') flows.note(answer.value)
    else if (!isNoSuchObject(answer.failure, name)) throw clusterFailure(answer.failure)
    const isThere = answer.kind === 'done' && answer.value.metadata.uid === flow
    if (!isThere && known !== undefined) gone.add(flow)
    return views.refresh(flow)
  }
}

const mostLost = 10_000

/** The name of a Flow that the watch has not told of: the server gives none by its uid. Undefined when it was deleted. */
function nameSearch(client: KubeClient, namespace: string): (flow: string) => Promise<string | undefined> {
  /** Who asks for one has seen it in a message. So it was there, and what is not there any more never comes again. */
  const lost = new Set<string>()
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<ReadonlyMap<string, string>> | undefined
  const read = async (): Promise<ReadonlyMap<string, string>> => {
    await running.catch(() => {}) // whoever asked for that one is told
    next = undefined
    const reading = readFlowVersions(client, namespace)
    running = reading
    return new Map([...(await reading)].map(([key, { uid }]) => [uid, placeOf(key).name]))
  }
  return async (flow) => {
    if (lost.has(flow)) return undefined
    // One at a time, and only what was asked after the question answers it.
    const name = (await (next ??= read())).get(flow)
    if (name !== undefined) return name
    if (lost.size >= mostLost) lost.clear()
    lost.add(flow)
    return undefined
  }
}
