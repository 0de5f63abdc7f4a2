import { describe, expect, it } from 'vitest'
import { apiVersionOf, pathOf } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow, type KubeError } from '../../kube/transport/kube-error.ts'
import { describeOnKubeApi } from '../../test/env/kube-tests.ts'
import { inOneNamespaceOfWeir, readDefinitions } from '../../test/env/weir-crds.ts'
import { resources } from '../resources.ts'
import { ruleCases } from './rule-cases.ts'
import { placesOf } from './schema-places.ts'

const cases = ruleCases.flatMap(({ kinds, ...rest }) => kinds.map((kind) => ({ kind, ...rest })))

/** What is wrong with a spec, by the API server. */
type Judge = (kind: string, spec: object, before?: object) => Promise<KubeError | undefined>

describe('the cases of rules', () => {
  it('are there for every rule, and for none that is not there', async () => {
    const rules = (await readDefinitions()).flatMap(({ spec }) =>
      placesOf(spec.versions[0].schema.openAPIV3Schema).flatMap(({ schema }) =>
        ((schema['x-kubernetes-validations'] ?? []) as readonly { readonly message: string }[]).map(
          ({ message }) => `${spec.names.kind}: ${message}`,
        ),
      ),
    )
    const covered = new Set(cases.map(({ kind, rule }) => `${kind}: ${rule}`))
    expect([...covered].toSorted()).toEqual(rules.toSorted())
  })
})

describeOnKubeApi('a rule on an API server', (place) => {
  let client: KubeClient
  let judge: Judge

  inOneNamespaceOfWeir(place, (fresh) => {
    client = fresh.client
    judge = judgeOn(client, fresh.namespace)
  })

  it.each(cases)('lets pass what keeps it: $kind, $rule ($field)', async ({ kind, kept, before }) => {
    expect(await judge(kind, kept, before)).toBeUndefined()
  })

  it.each(cases)(
    'tells what breaks it, and where: $kind, $rule ($field)',
    async ({ kind, broken, before, rule, field }) => {
      const failure = await judge(kind, broken, before)
      expect(failure?.reason).toBe('Invalid')
      expect(failure?.causes).toEqual([
        { reason: 'FieldValueInvalid', field, message: expect.stringContaining(rule) as string },
      ])
    },
  )

  it('is cheap enough for the largest flow, where every edge leads to the last step', async () => {
    expect(await judge('Flow', largestFlow())).toBeUndefined()
  })

  it('is asked for at the far end of the largest flow, too', async () => {
    const { triggers, steps } = largestFlow()
    const failure = await judge('Flow', { triggers, steps: steps.with(100, { ...steps[100], onError: { to: 'no' } }) })
    expect(failure?.causes.map(({ field }) => field)).toEqual(['spec.steps'])
  })
})

function judgeOn(client: KubeClient, namespace: string): Judge {
  let count = 0
  return async (kind, spec, before) => {
    const resource = Object.values(resources).find((one) => one.kind === kind) ?? resources.flows
    const name = `case-${(count += 1)}`
    const body = (spec: object): object => ({
      apiVersion: apiVersionOf(resource),
      kind,
      metadata: { name, ...(resource.isNamespaced && { namespace }) },
      spec,
    })
    const path = pathOf(resource, { namespace })
    const query = { fieldValidation: 'Strict' }
    if (before === undefined) {
      const answer = await client.request({
        method: 'POST',
        path,
        body: body(spec),
        query: { ...query, dryRun: 'All' },
      })
      return answer.kind === 'failed' ? answer.failure : undefined
    }
    orThrow(await client.request({ method: 'POST', path, body: body(before), query }))
    const contentType = 'application/merge-patch+json'
    const answer = await client.request({
      method: 'PATCH',
      path: `${path}/${name}`,
      contentType,
      body: { spec },
      query,
    })
    return answer.kind === 'failed' ? answer.failure : undefined
  }
}

const mostSteps = 128
const mostEdges = 16
const longestName = 52

interface LargeFlow {
  readonly triggers: readonly object[]
  readonly steps: readonly object[]
}

function largestFlow(): LargeFlow {
  const nameOf = (at: number): string => `s${at}-`.padEnd(longestName - 1, 'a').concat('z')
  const last = nameOf(mostSteps - 1)
  const next = Array.from({ length: mostEdges }, () => ({ to: last, when: 'true' }))
  const steps = Array.from({ length: mostSteps }, (_, at) => ({
    name: nameOf(at),
    log: 'data',
    next: at === mostSteps - 1 ? [] : next,
    onError: { to: last },
  }))
  const triggers = Array.from({ length: 32 }, (_, at) => ({ name: `t${at}`, manual: {}, to: last }))
  return { triggers, steps }
}
