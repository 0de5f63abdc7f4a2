import { resources } from '../../crds/resources.ts'
import type { ClusterComponent, Component } from '../../crds/v1alpha1/component.ts'
import { openObjectCache, type ObjectCache } from '../../kube/cache/object-cache.ts'
import { slim } from '../../kube/cache/projection.ts'
import { apiVersionOf, pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import type { InCluster, OperatorPart, OperatorParts } from '../operator-parts.ts'
import type { FoundFunctions, ShownFunctions } from './decide/component-status.ts'
import { inspectionLabel, inspectionName, inspectionPod } from './decide/inspection-pod.ts'
import { inspectionState } from './decide/judge-inspection.ts'
import type { ComponentName } from './decide/pool-identity.ts'
import { pods } from './pool-resources.ts'
import { readInspection } from './read-inspection.ts'

export type AnyComponent = InCluster<Component> | InCluster<ClusterComponent>
type Kind = ComponentName['kind']

/** Finds out what images offer, each by a pod that lives as long as it takes to read one file. */
export interface Inspections extends OperatorPart {
  readonly synced: Promise<void>
  /**
   * What is known of the functions of a component that names an image and no functions; what is not known is looked for.
   *
   * @throws {KubeError} when the pod cannot be made, or taken away
   */
  readonly look: (kind: Kind, component: AnyComponent) => Promise<FoundFunctions>
  /** Told which component is worth a look, by kind and key. Gives what ends it. */
  readonly onChange: (listener: (kind: Kind, key: string) => void) => () => void
}

export function openInspections({ client, clock }: OperatorParts, ownNamespace: string): Inspections {
  const cache = openObjectCache<KubeObject>({
    client,
    clock,
    resource: pods,
    labelSelector: inspectionLabel,
    project: ({ status, ...rest }) => ({ metadata: slim(rest).metadata, status }),
    indexes: { component: (pod) => [componentKey(pod)] },
  })
  return {
    run: cache.run,
    synced: cache.synced,
    look: (kind, component) => look({ client, cache, ownNamespace }, kind, component),
    onChange: (listener) =>
      cache.subscribe(({ object }) => {
        const { namespace, labels = {} } = object.metadata
        const name = labels[inspectionLabel] ?? ''
        if (labels['weir.dev/component-kind'] === 'ClusterComponent') listener('ClusterComponent', name)
        else listener('Component', `${namespace}/${name}`)
      }),
  }
}

interface Looking {
  readonly client: KubeClient
  readonly cache: ObjectCache<KubeObject>
  readonly ownNamespace: string
}

function componentKey({ metadata: { namespace, labels = {} } }: KubeObject): string {
  return `${namespace}/${labels['weir.dev/component-kind']}/${labels[inspectionLabel]}`
}

async function look(looking: Looking, kind: Kind, component: AnyComponent): Promise<FoundFunctions> {
  const { cache, ownNamespace } = looking
  const { metadata, spec, status = {} } = component
  const shown = shownOf(status)
  const namespace = kind === 'Component' ? (metadata.namespace ?? '') : ownNamespace
  const known = status.image === spec.image && status.functions !== undefined
  const name = inspectionName({ component: { kind, name: metadata.name }, spec })
  // Those of images that it had before, too.
  const done = cache
    .byIndex('component', `${namespace}/${kind}/${metadata.name}`)
    .filter((pod) => known || pod.metadata.name !== name)
  for (const pod of done) await remove(looking.client, pod)
  if (known) return { kind: 'known', shown }
  const pod = cache.get(`${namespace}/${name}`)
  if (pod === undefined) {
    const refused = await create(looking, namespace, kind, component)
    if (refused === undefined) return { kind: 'reading', shown }
    return { kind: 'failed', reason: 'PodsRefused', message: `the pod that reads its functions: ${refused}`, shown }
  }
  return judge(pod, { kind, name: metadata.name }, { shown, image: spec.image ?? '' })
}

function shownOf({ functions, dialect, isolation, image }: ShownFunctions): ShownFunctions {
  return {
    ...(functions !== undefined && { functions }),
    ...(dialect !== undefined && { dialect }),
    ...(isolation !== undefined && { isolation }),
    ...(image !== undefined && { image }),
  }
}

interface Before {
  readonly shown: ShownFunctions
  readonly image: string
}

function judge(pod: KubeObject, component: ComponentName, { shown, image }: Before): FoundFunctions {
  const state = inspectionState(pod)
  if (state.kind === 'running') return { kind: 'reading', shown }
  if (state.kind === 'failed') return { ...state, shown }
  const read = readInspection(component, state.message)
  if (read.kind === 'read') return { kind: 'known', shown: { ...read.status, image } }
  return { kind: 'failed', reason: read.reason, message: read.message, shown }
}

/** Gives why the server will not have it: a policy, a quota. */
async function create(
  { client, cache }: Looking,
  namespace: string,
  kind: Kind,
  { metadata, spec }: AnyComponent,
): Promise<string | undefined> {
  const own = kind === 'Component' ? resources.components : resources.clusterComponents
  const owner = {
    apiVersion: apiVersionOf(own),
    kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: false,
  }
  const body = inspectionPod({ component: { kind, name: metadata.name }, namespace, spec, owner })
  const request = { method: 'POST', path: pathOf(pods, { namespace }), body } as const
  const made = await client.request<KubeObject>(request)
  if (made.kind === 'done') {
    cache.note({ metadata: slim(made.value).metadata, status: made.value['status'] })
    return undefined
  }
  const { failure } = made
  if ([403, 422].includes(failure.status)) return failure.message
  // Made by this process a moment ago, or by another that led before.
  if (failure.status === 409) return undefined
  throw failure
}

async function remove(client: KubeClient, { metadata }: KubeObject): Promise<void> {
  const { namespace, name, uid } = metadata
  const path = pathOf(pods, { namespace, name })
  const body = { gracePeriodSeconds: 0, preconditions: { uid } }
  const answer = await client.request({ method: 'DELETE', path, body })
  if (answer.kind === 'failed' && ![404, 409].includes(answer.failure.status)) throw answer.failure
}
