import { beforeAll, describe, expect, it } from 'vitest'
import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import type { KubeError } from '../../kube/transport/kube-error.ts'
import { describeOnKubeApi } from '../../test/env/kube-tests.ts'
import { inOneNamespaceOfWeir, readDefinitions } from '../../test/env/weir-crds.ts'
import { resources } from '../resources.ts'
import { isJsonObject } from '../v1alpha1/meta.ts'
import { boundsOf, fieldOf, placesOf, sampleOf, withValue, type Schema } from './schema-places.ts'

const kinds = Object.values(resources)
const schemas = new Map(
  (await readDefinitions()).map(({ spec }) => [spec.names.kind, spec.versions[0].schema.openAPIV3Schema]),
)

function partOf(kind: string, part: 'spec' | 'status'): Schema | undefined {
  const properties = schemas.get(kind)?.['properties'] as Readonly<Record<string, Schema>>
  const schema = properties[part]
  return schema === undefined ? undefined : { type: 'object', properties: { [part]: schema } }
}

/** The most changes that are under way at once. */
const atOnce = 8

async function inTurn<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < all.length; at += atOnce)
    results.push(...(await Promise.all(all.slice(at, at + atOnce).map(work))))
  return results
}

describeOnKubeApi('the bounds on an API server', (place) => {
  let client: KubeClient
  let namespace: string

  inOneNamespaceOfWeir(place, (fresh) => ({ client, namespace } = fresh))

  type Kind = (typeof kinds)[number]

  function manifest({ kind, isNamespaced }: Kind, rest: object): KubeObject {
    return {
      apiVersion: 'weir.dev/v1alpha1',
      kind,
      metadata: { name: 'sample', ...(isNamespaced && { namespace }) },
      ...rest,
    }
  }

  async function failureOf(kind: Kind, rest: object, subresource?: 'status'): Promise<KubeError | undefined> {
    const query = { dryRun: 'All', fieldValidation: 'Strict' }
    const body = manifest(kind, rest)
    const at = { namespace, ...(subresource && { name: body.metadata.name, subresource }) }
    const request = subresource === undefined ? ({ method: 'POST' } as const) : mergePatch
    const answer = await client.request({ ...request, path: pathOf(kind, at), query, body })
    return answer.kind === 'failed' ? answer.failure : undefined
  }

  const mergePatch = { method: 'PATCH', contentType: 'application/merge-patch+json' } as const

  /** A status can only be written to what is there; whether its spec is in order does not matter for it. */
  async function create(kind: Kind): Promise<void> {
    const body = manifest(kind, { spec: minimal[kind.kind] })
    const answer = await client.request({ method: 'POST', path: pathOf(kind, { namespace }), body })
    if (answer.kind === 'failed' && answer.failure.status !== 409) throw answer.failure
  }

  for (const kind of kinds) {
    for (const part of ['spec', 'status'] as const) {
      const schema = partOf(kind.kind, part)
      if (schema === undefined) continue
      const sample = sampleOf(schema) as object
      const subresource = part === 'status' ? part : undefined

      describe(`of ${kind.kind}.${part}`, () => {
        beforeAll(async () => {
          if (part === 'status') await create(kind)
        })

        it('hold where they should, and no sooner', async () => {
          const bounds = boundsOf(schema)
          const wrong = await inTurn(bounds, async ({ field, keyword, keys, kept, broken }) => {
            const blamed = async (value: unknown): Promise<readonly string[]> =>
              blamedBy(await failureOf(kind, withValue(sample, keys, value) as object, subresource))
            const tooSoon = (await blamed(kept)).filter((blame) => blame === field || blame.startsWith(`${field}[`))
            const isHeld = (await blamed(broken)).includes(field)
            return [
              ...(tooSoon.length > 0 ? [`${field} refuses what ${keyword} allows`] : []),
              ...(isHeld ? [] : [`${field} takes what ${keyword} forbids`]),
            ]
          })
          expect(bounds.length).toBeGreaterThan(3)
          expect(wrong.flat()).toEqual([])
        })

        it('let no field pass that the definition does not have', async () => {
          const closed = placesOf(schema).filter(({ schema }) => isClosed(schema))
          const passed = await inTurn(closed, async ({ keys, schema }) => {
            const odd = { ...(sampleOf(schema) as object), oddField: 1 }
            const failure = await failureOf(kind, withValue(sample, keys, odd) as object, subresource)
            const field = `${fieldOf(keys)}.oddField`.replace(/^\./, '')
            return failure?.message.includes(`unknown field "${field}"`) === true ? [] : [field]
          })
          expect(closed.length).toBeGreaterThan(1)
          expect(passed.flat()).toEqual([])
        })
      })
    }
  }
})

const minimal: Readonly<Record<string, object>> = {
  Flow: { triggers: [{ name: 'a', manual: {} }], steps: [{ name: 'b', log: 'data' }] },
  FlowRevision: { flow: 'a', revision: 1, hash: 'a', plan: {} },
  Component: { image: 'a' },
  ClusterComponent: { image: 'a' },
  Credential: { type: 'basic', secretRef: { name: 'a' } },
  App: {},
}

/** What the rules say; a sample with everything in it keeps none of those that forbid two things together. */
const ruleMessages = [...schemas.values()]
  .flatMap((schema) => placesOf(schema))
  .flatMap(({ schema }) => (schema['x-kubernetes-validations'] ?? []) as readonly { readonly message: string }[])
  .map(({ message }) => message)

/** The fields that a refusal names, but for what the rules refuse. */
function blamedBy(failure: KubeError | undefined): readonly string[] {
  if (failure === undefined) return []
  if (failure.causes.length === 0) throw failure
  const ofBounds = failure.causes.filter(({ message = '' }) => !ruleMessages.some((rule) => message.endsWith(rule)))
  return ofBounds.map(({ field = '' }) => field)
}

function isClosed(schema: Schema): boolean {
  return isJsonObject(schema['properties']) && schema['x-kubernetes-preserve-unknown-fields'] !== true
}
