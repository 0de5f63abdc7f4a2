import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { expect, it } from 'vitest'
import { apiVersionOf, pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow, type Outcome } from '../../kube/transport/kube-error.ts'
import { describeOnKubeApi } from '../../test/env/kube-tests.ts'
import { inOneNamespaceOfWeir } from '../../test/env/weir-crds.ts'
import { resources } from '../resources.ts'
import { ruleCases } from './rule-cases.ts'

const root = join(import.meta.dirname, '..', '..')
const kinds = Object.values(resources)

const examples = globSync('examples/**/*.yaml', { cwd: root, exclude: (name) => name.includes('node_modules') })
  .flatMap((file) =>
    parseAllDocuments(readFileSync(join(root, file), 'utf8')).map((document) => [file, document.toJS()] as const),
  )
  .filter((pair): pair is readonly [string, KubeObject] => pair[1] !== null)
  .flatMap(([file, object]) => {
    const resource = kinds.find(({ kind }) => kind === object.kind)
    return resource === undefined ? [] : [{ file, resource, object, name: object.metadata.name }]
  })

const cases = ruleCases.flatMap(({ kinds: of, kept, rule }) =>
  kinds.filter(({ kind }) => of.includes(kind)).map((resource) => ({ kind: resource.kind, resource, kept, rule })),
)

const manual = { name: 'by-hand', manual: {} }

/** What somebody might hope to break out of a string with. */
const hostileTexts = [
  '"; process.exit(1); //',
  '$(touch /tmp/x) `id` ${HOME} && rm -rf /',
  "' OR 1=1 --",
  '\u0000\u0001\u001b[2J\u0007',
  '{"$ne": null}',
  '../../../../etc/passwd',
  '‮gnp.exe\u200b\ufeff',
  '日本語 Ω ß 🏴󠁧󠁢󠁥󠁮󠁧󠁿',
  '---\nkind: Secret\n',
  '#.*.steps',
]

const hostileNames = [
  '',
  'A',
  'ä',
  'a b',
  'a/b',
  '../a',
  'a.b',
  'a_b',
  '-a',
  'a-',
  'a\n',
  'a;b',
  '$(id)',
  'a*',
  'a#',
  'a\u0000',
  'a'.repeat(53),
]

describeOnKubeApi('objects on an API server', (place) => {
  let client: KubeClient
  let namespace: string
  let count = 0

  inOneNamespaceOfWeir(place, (fresh) => ({ client, namespace } = fresh))

  type Kind = (typeof kinds)[number]

  function create(resource: Kind, spec: unknown, metadata: object = {}): Promise<Outcome<KubeObject>> {
    const named = { name: `object-${(count += 1)}`, ...(resource.isNamespaced && { namespace }), ...metadata }
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: named, spec }
    const query = { fieldValidation: 'Strict' }
    return client.request({ method: 'POST', path: pathOf(resource, { namespace }), body, query })
  }

  async function readBack(resource: Kind, { metadata: { name } }: KubeObject): Promise<KubeObject> {
    return orThrow(await client.request<KubeObject>({ method: 'GET', path: pathOf(resource, { namespace, name }) }))
  }

  it.each(examples)('of the examples are read as they were applied: $file $name', async ({ resource, object }) => {
    const { metadata, ...rest } = object
    const name = `${metadata.name}-${(count += 1)}`
    const body = { ...rest, metadata: { ...metadata, name, namespace } }
    const path = pathOf(resource, { namespace, name })
    const query = { fieldManager: 'weir-tests', fieldValidation: 'Strict' }
    orThrow(await client.request({ method: 'PATCH', path, body, query, contentType: 'application/apply-patch+yaml' }))
    const live = await readBack(resource, body)
    expect(live['spec']).toEqual(object['spec'])
    // Of no generation that a Flow can have.
    expect(live['status']).toEqual(resource.kind === 'Flow' ? { observedGeneration: -1 } : undefined)
    for (const [key, value] of Object.entries(body.metadata)) expect(live.metadata[key]).toEqual(value)
  })

  it.each(cases)('of every form are read as they were applied: $kind, $rule', async ({ resource, kept }) => {
    const live = await readBack(resource, orThrow(await create(resource, kept)))
    // Nothing is filled in: what people read is what they wrote, and so do GitOps tools.
    expect(live['spec']).toEqual(kept)
    expect(live.metadata.generation).toBe(1)
  })

  it('keep what nobody described where that is allowed, and there alone', async () => {
    const odd = { deep: [{ a: null, b: [1, 'x', {}] }], 'key with spaces': { '': 1 } }
    const step = { name: 'a', component: 'c', function: 'f', config: odd }
    const live = await readBack(resources.flows, orThrow(await create(resources.flows, flow([step]))))
    expect(live['spec']).toEqual(flow([step]))
  })

  it.each(hostileTexts)('keep a hostile text as it is: %j', async (text) => {
    const steps = [
      { name: 'a', component: 'c', function: text, config: { [text]: text }, bind: { [text]: text } },
      { name: 'b', log: text },
    ]
    const metadata = { annotations: { 'weir.dev/note': text } }
    const made = orThrow(await create(resources.flows, flow(steps), metadata))
    const live = await readBack(resources.flows, made)
    expect(live['spec']).toEqual(flow(steps))
    expect(live.metadata.annotations).toEqual(metadata.annotations)
  })

  it.each(hostileNames)('have no hostile name where names are made of it: %j', async (name) => {
    const place = { spec: flow([{ name, log: 'data' }]), field: 'spec.steps[0].name' }
    const places = [
      place,
      {
        spec: { triggers: [{ name, manual: {} }], steps: [{ name: 'a', log: 'data' }] },
        field: 'spec.triggers[0].name',
      },
      { spec: flow([{ name: 'a', component: name, function: 'f' }]), field: 'spec.steps[0].component' },
      { spec: flow([{ name: 'a', clusterComponent: name, function: 'f' }]), field: 'spec.steps[0].clusterComponent' },
    ]
    for (const { spec, field } of places) {
      const answer = await create(resources.flows, spec)
      expect(answer.kind === 'failed' && answer.failure.causes.map(({ field }) => field)).toContain(field)
    }
    for (const resource of [resources.flows, resources.components, resources.clusterComponents]) {
      const answer = await create(resource, undefined, { name, ...(resource.isNamespaced && { namespace }) })
      expect(answer.kind === 'failed' && [400, 422]).toContain(answer.kind === 'failed' && answer.failure.status)
    }
  })

  it('have names of 52 characters, and no longer one by `generateName`', async () => {
    const steps = [{ name: 'a', log: 'data' }]
    expect(await create(resources.flows, flow(steps), { name: 'n'.repeat(52) })).toMatchObject({ kind: 'done' })
    const generated = (letters: number): object => ({ name: undefined, generateName: 'g'.repeat(letters) })
    expect(await create(resources.flows, flow(steps), generated(47))).toMatchObject({ kind: 'done' })
    expect(await create(resources.flows, flow(steps), generated(48))).toMatchObject({ failure: { reason: 'Invalid' } })
  })

  it('are taken at 256 KiB, as large as a flow may be', async () => {
    const text = 'x'.repeat(16_384)
    const steps = Array.from({ length: 15 }, (_, at) => ({ name: `s${at}`, log: text }))
    const live = await readBack(resources.flows, orThrow(await create(resources.flows, flow(steps))))
    expect(live['spec']).toEqual(flow(steps))
  })

  it('take a plan of 512 KiB', async () => {
    const plan = { steps: Array.from({ length: 31 }, (_, at) => ({ at, text: 'x'.repeat(16_384) })) }
    const spec = { flow: 'a', revision: 1, hash: 'h', plan }
    const live = await readBack(resources.flowRevisions, orThrow(await create(resources.flowRevisions, spec)))
    expect(live['spec']).toEqual(spec)
  })

  it('are told of who has written a plan, not each of its fields', async () => {
    const spec = { flow: 'a', revision: 1, hash: 'h', plan: { stages: { core: {} }, queues: { core: 'q' } } }
    const { metadata } = orThrow(await create(resources.flowRevisions, spec))
    const { managedFields = [] } = metadata as { managedFields?: readonly object[] }
    expect(managedFields).toMatchObject([{ fieldsV1: { 'f:spec': { 'f:plan': {} } } }])
    expect(JSON.stringify(managedFields)).not.toContain('f:stages')
  })
})

function flow(steps: readonly object[]): object {
  return { triggers: [manual], steps }
}
