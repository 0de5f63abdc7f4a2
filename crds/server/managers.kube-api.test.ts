import { expect, it } from 'vitest'
import { apiVersionOf, pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow, type Outcome } from '../../kube/transport/kube-error.ts'
import { describeOnKubeApi } from '../../test/env/kube-tests.ts'
import { inOneNamespaceOfWeir } from '../../test/env/weir-crds.ts'
import { resources } from '../resources.ts'

const { flows } = resources

describeOnKubeApi('a flow that two apply', (place) => {
  let client: KubeClient
  let namespace: string
  let name: string
  let count = 0

  inOneNamespaceOfWeir(place, (fresh) => ({ client, namespace } = fresh))

  function apply(manager: string, fields: object, subresource?: 'status'): Promise<Outcome<KubeObject>> {
    return client.request({
      method: 'PATCH',
      path: pathOf(flows, { namespace, name, subresource }),
      query: { fieldManager: manager, fieldValidation: 'Strict' },
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion: apiVersionOf(flows), kind: flows.kind, metadata: { name, namespace }, ...fields },
    })
  }

  async function applied(...args: Parameters<typeof apply>): Promise<Spec & Status> {
    const { spec, status } = orThrow(await apply(...args)) as unknown as { spec: Spec; status: Status }
    return { ...spec, ...status }
  }

  async function begin(): Promise<void> {
    name = `flow-${(count += 1)}`
    await applied('first', { spec: { triggers: [manual('a')], steps: [log('a'), log('b')] } })
  }

  it('has the steps and triggers of both, each with what its own manager says', async () => {
    await begin()
    const both = await applied('second', { spec: { triggers: [manual('z')], steps: [log('y'), log('z')] } })
    expect(namesIn(both)).toEqual({ triggers: ['a', 'z'], steps: ['a', 'b', 'y', 'z'] })
    const { steps } = await applied('second', { spec: { triggers: [manual('z')], steps: [log('z', '"new"')] } })
    expect(steps).toEqual([log('a'), log('b'), log('z', '"new"')])
  })

  it('keeps a step of one when the other gives up its own', async () => {
    await begin()
    await applied('second', { spec: { triggers: [manual('z')], steps: [log('z')] } })
    const left = await applied('first', { spec: { triggers: [manual('a')], steps: [log('b')] } })
    expect(namesIn(left)).toEqual({ triggers: ['a', 'z'], steps: ['b', 'z'] })
  })

  it('lets one add a field to a step of the other, and refuses to change what that one has', async () => {
    await begin()
    const added = { spec: { steps: [{ name: 'a', onError: { then: 'discard' } }] } }
    expect((await applied('second', added)).steps[0]).toEqual({ ...log('a'), onError: { then: 'discard' } })
    const answer = await apply('second', { spec: { steps: [log('a', 'other')] } })
    expect(answer).toMatchObject({ kind: 'failed', failure: { reason: 'Conflict' } })
    expect(answer.kind === 'failed' && answer.failure.causes).toEqual([
      expect.objectContaining({ field: '.spec.steps[name="a"].log', reason: 'FieldManagerConflict' }),
    ])
  })

  it('takes the edges of a step as one: their order counts', async () => {
    await begin()
    const edges = (to: readonly string[]): object => ({
      spec: { triggers: [manual('a')], steps: [{ ...log('a'), next: to.map((to) => ({ to })) }, log('b')] },
    })
    expect((await applied('first', edges(['b', 'a']))).steps[0]).toMatchObject({ next: [{ to: 'b' }, { to: 'a' }] })
    expect((await applied('first', edges(['a']))).steps[0]).toMatchObject({ next: [{ to: 'a' }] })
  })

  it('keeps one step of each name, whoever repeats it', async () => {
    await begin()
    const answer = await apply('second', { spec: { triggers: [manual('b')], steps: [log('q'), log('q')] } })
    expect(answer).toMatchObject({ kind: 'failed' })
    expect(answer.kind === 'failed' && answer.failure.message).toMatch(/duplicate entries for key \[name="q"\]/)
  })

  it('has the conditions of both in its status', async () => {
    await begin()
    await applied('operator', { status: { conditions: [condition('Ready')] } }, 'status')
    const { conditions } = await applied('autoscaler', { status: { conditions: [condition('Scaled')] } }, 'status')
    expect(conditions.map(({ type }) => type)).toEqual(['Ready', 'Scaled'])
  })

  it('does not let its status be written with the rest, nor the rest with its status', async () => {
    await begin()
    const withStatus = await applied('first', {
      spec: { triggers: [manual('a')], steps: [log('a')] },
      status: { conditions: [condition('Ready')] },
    })
    expect(withStatus.conditions).toBeUndefined()
    const withSpec = await applied('operator', { spec: { suspend: true }, status: { backlog: 1 } }, 'status')
    expect(withSpec).toMatchObject({ backlog: 1 })
    expect(withSpec).not.toHaveProperty('suspend')
  })
})

interface Named {
  readonly name: string
}

interface Spec {
  readonly triggers: readonly Named[]
  readonly steps: readonly Named[]
}

interface Status {
  readonly conditions: readonly { readonly type: string }[]
}

function namesIn({ triggers, steps }: Spec): object {
  return { triggers: triggers.map(({ name }) => name), steps: steps.map(({ name }) => name) }
}

function manual(name: string): object {
  return { name, manual: {} }
}

function log(name: string, expression = 'data'): Named & { readonly log: string } {
  return { name, log: expression }
}

function condition(type: string): object {
  return { type, status: 'True', reason: 'Fine', message: '', lastTransitionTime: '2026-03-29T01:00:00Z' }
}
