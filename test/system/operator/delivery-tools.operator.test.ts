import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { resources } from '../../../crds/resources.ts'
import { pathOf, type KubeObject, type Resource } from '../../../kube/kube-object.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { describeOnAll } from '../../env/operator-tests.ts'
import {
  openOperatorRig,
  simpleFlow,
  stateOf,
  type ClusterFlow,
  type OperatorRig,
} from '../../rig/operator/operator-rig.ts'

const waiting = { timeout: 60_000, interval: 20 }
const folder = join(import.meta.dirname, '..', '..', '..', 'examples')
const kinds: readonly Resource[] = Object.values(resources)
const examples = (await readdir(folder, { withFileTypes: true })).flatMap((one) =>
  one.isDirectory() ? [one.name] : [],
)
/** Weir's own, which a cluster has one of each of. */
const ownComponents = ['http', 'code'].map((name): Manifest => ({
  apiVersion: 'weir.dev/v1alpha1',
  kind: 'ClusterComponent',
  metadata: { name },
  spec: { image: `weir-${name}:1` },
}))
/** Of which no example has one. */
const app: Manifest = {
  apiVersion: 'weir.dev/v1alpha1',
  kind: 'App',
  metadata: { name: 'shop' },
  spec: { title: 'Shop', oauth2: { tokenUrl: 'https://shop.example/token', scopes: ['read', 'write'] } },
}
const manager = 'weir-tests'

interface Manifest extends KubeObject {
  readonly kind: string
  readonly spec: Readonly<Record<string, unknown>>
}

interface Condition {
  readonly type: string
  readonly status: string
}

describeOnAll('What Argo CD and Flux see', (places) => {
  let rig: OperatorRig
  beforeEach(async () => {
    rig = await openOperatorRig(places)
  })
  afterEach(() => rig?.close())

  it.each(examples)('is no difference after the example %s was applied and is ready', async (example) => {
    const manifests = [...ownComponents, app, ...(await manifestsIn(example))]
    const applied = new Map<Manifest, KubeObject>()
    for (const manifest of manifests) applied.set(manifest, await rig.apply(kindOf(manifest), bodyOf(manifest)))
    await knowFunctions(manifests)
    rig.start()
    for (const { kind, metadata } of manifests) if (kind === 'Flow') await rig.ready(metadata.name)
    for (const manifest of manifests.filter(({ kind }) => kind === 'App' || kind === 'Credential'))
      await vi.waitFor(async () => expect(await read(manifest)).toHaveProperty('status.conditions'), waiting)
    for (const [manifest, before] of applied) {
      const now = await read(manifest)
      expect(writtenIn(now), manifest.kind).toEqual(writtenIn(before))
      expect(now.metadata.generation).toBe(before.metadata.generation)
      expect(differences(bodyOf(manifest), now), manifest.kind).toEqual([])
      // Flux: what an apply would make of it. A field of the spec that were the operator's would be a conflict.
      expect(writtenIn(await dryRun(manifest))).toEqual(writtenIn(now))
      expect((await rig.apply(kindOf(manifest), bodyOf(manifest))).metadata.generation).toBe(before.metadata.generation)
    }
  })

  it('is the health of a flow, in each phase of its life', async () => {
    const seen: (readonly [string, ClusterFlow])[] = []
    const follow = async (until: (health: string, flow: ClusterFlow) => boolean): Promise<string> =>
      vi.waitFor(async () => {
        const flow = await rig.flow('orders')
        const health = flow === undefined ? 'NotFound' : healthOf(flow)
        if (flow !== undefined) seen.push([health, flow])
        expect(flow !== undefined && until(health, flow)).toBe(true)
        return health
      }, waiting)
    rig.start()
    await rig.applyFlow('orders', simpleFlow())
    await follow((health) => health === 'Current')
    await rig.applyFlow('orders', simpleFlow('"two"'))
    await follow((health, flow) => health === 'Current' && stateOf(flow)?.active === 2)
    // Never before the revision of what is written is active.
    for (const [health, flow] of seen)
      if (health === 'Current') expect(stateOf(flow)?.active).toBe(flow.metadata.generation)
      else expect(health).toBe('InProgress')
    expect(seen.some(([health]) => health === 'InProgress')).toBe(true)
    await rig.applyFlow('orders', simpleFlow('data.('))
    expect(await follow((health) => health === 'Failed')).toBe('Failed')
    await rig.applyFlow('orders', simpleFlow('"two"', { suspend: true }))
    await follow((health, flow) => health === 'Current' && stateOf(flow)?.suspended === true)
    const held = pathOf(resources.flows, { namespace: rig.namespace, name: 'orders' })
    const body = { metadata: { finalizers: ['weir.dev/flow', 'example.com/held'] } }
    orThrow(
      await rig.client.request({ method: 'PATCH', path: held, contentType: 'application/merge-patch+json', body }),
    )
    await rig.remove('orders')
    expect(await follow((health) => health === 'Terminating')).toBe('Terminating')
    const free = { metadata: { finalizers: ['weir.dev/flow'] } }
    await rig.client.request({ method: 'PATCH', path: held, contentType: 'application/merge-patch+json', body: free })
    await rig.gone('orders')
  })

  /** As they are found in the images, for which there is no kubelet here. */
  async function knowFunctions(manifests: readonly Manifest[]): Promise<void> {
    for (const manifest of manifests.filter(
      ({ kind, spec }) => kind.endsWith('Component') && spec['image'] !== undefined,
    )) {
      const { name } = manifest.metadata
      const used = manifests.flatMap(({ kind, spec }) => (kind === 'Flow' ? functionsOf(spec, name) : []))
      const unique = [...new Map(used.map((one) => [one.name, one])).values()]
      if (unique.length === 0) continue
      const path = pathOf(kindOf(manifest), { ...placeOf(manifest), subresource: 'status' })
      const contentType = 'application/merge-patch+json'
      orThrow(await rig.client.request({ method: 'PATCH', path, contentType, body: { status: { functions: unique } } }))
    }
  }

  function placeOf(manifest: Manifest): { readonly namespace?: string; readonly name: string } {
    const { isNamespaced } = kindOf(manifest)
    return { ...(isNamespaced && { namespace: rig.namespace }), name: manifest.metadata.name }
  }

  async function read(manifest: Manifest): Promise<KubeObject> {
    return orThrow(
      await rig.client.request<KubeObject>({ method: 'GET', path: pathOf(kindOf(manifest), placeOf(manifest)) }),
    )
  }

  async function dryRun(manifest: Manifest): Promise<KubeObject> {
    return orThrow(
      await rig.client.request<KubeObject>({
        method: 'PATCH',
        path: pathOf(kindOf(manifest), placeOf(manifest)),
        query: { fieldManager: manager, dryRun: 'All', fieldValidation: 'Strict' },
        contentType: 'application/apply-patch+yaml',
        body: bodyOf(manifest),
      }),
    )
  }
})

/** As kstatus judges what it has no rule of its own for; Flux waits by it, and Argo CD's rules for such kinds are the same. */
function healthOf({ metadata, status }: Pick<ClusterFlow, 'metadata' | 'status'>): string {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  const { observedGeneration = metadata.generation, conditions = [] } = status ?? {}
  if (observedGeneration !== metadata.generation) return 'InProgress'
  const is = (wanted: Condition): boolean =>
    conditions.some(({ type, status: found }) => type === wanted.type && found === wanted.status)
  if (is({ type: 'Reconciling', status: 'True' })) return 'InProgress'
  if (is({ type: 'Stalled', status: 'True' })) return 'Failed'
  const isUnready = is({ type: 'Ready', status: 'False' }) || is({ type: 'Ready', status: 'Unknown' })
  return isUnready ? 'InProgress' : 'Current'
}

async function manifestsIn(example: string): Promise<Manifest[]> {
  const directory = join(folder, example)
  const names = await readdir(directory, { recursive: true })
  const files = names.filter((name) => name.endsWith('.yaml')).toSorted()
  const texts = await Promise.all(files.map((name) => readFile(join(directory, name), 'utf8')))
  const all = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Manifest | null))
  return all.flatMap((one) => (one !== null && kinds.some(({ kind }) => kind === one.kind) ? [one] : []))
}

function kindOf({ kind }: Manifest): Resource {
  const found = kinds.find((one) => one.kind === kind)
  if (found === undefined) throw new Error(`${kind} is none of Weir's kinds`)
  return found
}

/** With what tools add. */
function bodyOf(manifest: Manifest): Manifest {
  const { labels, annotations } = manifest.metadata
  const metadata = {
    ...manifest.metadata,
    labels: { ...labels, 'app.kubernetes.io/instance': 'example' },
    annotations: { ...annotations, 'argocd.argoproj.io/tracking-id': 'example' },
  }
  return { ...manifest, metadata }
}

function writtenIn({ metadata: { labels, annotations, ownerReferences }, ...object }: KubeObject): object {
  return { spec: object['spec'], labels, annotations, ownerReferences }
}

/** Paths of what was applied and is not there as it was. */
function differences(wanted: unknown, present: unknown, path = ''): string[] {
  if (typeof wanted !== 'object' || wanted === null) return wanted === present ? [] : [path]
  if (Array.isArray(wanted) && (!Array.isArray(present) || present.length !== wanted.length)) return [path]
  const fields = (present ?? {}) as Readonly<Record<string, unknown>>
  return Object.entries(wanted).flatMap(([key, value]) => differences(value, fields[key], `${path}/${key}`))
}

interface Part {
  readonly component?: string
  readonly clusterComponent?: string
  readonly function?: string
}

function functionsOf(spec: Manifest['spec'], component: string): { name: string; kind: string }[] {
  const of = (parts: unknown, kind: string) =>
    ((parts ?? []) as readonly Part[]).flatMap(({ component: own, clusterComponent: shared, function: name }) =>
      name !== undefined && component === (own ?? shared) ? [{ name, kind }] : [],
    )
  return [...of(spec['steps'], 'action'), ...of(spec['triggers'], 'trigger')]
}
