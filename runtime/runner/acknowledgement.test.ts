import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Step } from '../../crds/v1alpha1/step.ts'
import type { Rig, RigOptions } from '../../test/rig/runner-rig.ts'
import { openRig } from '../../test/rig/runner-rig.ts'
import { sampleHeaders } from '../../test/samples/sample-message.ts'
import type { Broker } from '../broker/broker.ts'
import { deadQueue } from '../broker/broker.ts'
import { TransientError } from '../error.ts'
import { encodeBody } from '../wire/body.ts'

let rig: Rig | undefined
afterEach(() => rig?.close())

const call = (name: string, rest: Partial<Step> = {}): Step => ({ name, component: 'app', function: name, ...rest })

/** A rig whose runner gets no answer to what it publishes to some queues, until they are released. */
async function holdingRig(options: RigOptions) {
  const gate = Promise.withResolvers<void>()
  const held: string[] = []
  let holds = (_queue: string): boolean => false
  const wrap = (connection: Broker): Broker => ({
    ...connection,
    publish: async (target, message) => {
      if (holds(target.queue)) {
        held.push(target.queue)
        await gate.promise
      }
      return connection.publish(target, message)
    },
  })
  const opened = await openRig({ ...options, wrap })
  rig = opened
  const hold = (queue: string): void => {
    holds = (one) => one === queue
  }
  const publish = async (changes: { at?: string; revision?: number; body?: Buffer }): Promise<void> => {
    const { queue, entries } = opened.plan.stages[0]!
    const { body = encodeBody({}, Buffer.from('{"data":{}}')), at = entries[0] ?? '', revision = 1 } = changes
    const headers = sampleHeaders({ revision, revisionHash: opened.plan.hash, trigger: 'by-hand', at })
    await opened.broker.publish({ kind: 'queue', queue }, { id: 'm', headers, body })
  }
  return { ...opened, held, hold, publish, release: gate.resolve }
}

describe('a message is not acknowledged before', () => {
  it.each<{ name: string; steps?: Step[]; message?: { revision?: number; body?: Buffer }; code: string }>([
    {
      name: 'its component has failed',
      steps: [call('failing', { onError: { retry: { maxAttempts: 1 } } })],
      code: 'Busy',
    },
    { name: 'an expression has failed', steps: [{ name: 'shape', transform: 'data.missing' }], code: 'EmptyResult' },
    { name: 'no plan has a place for it', message: { revision: 99 }, code: 'PlanMismatch' },
    { name: 'it cannot be read', message: { body: Buffer.from('rubbish') }, code: 'MalformedMessage' },
  ])('its dead letter is safe: $name', async ({ steps = [call('store')], message = {}, code }) => {
    const { hold, held, publish, release, settle, untilIdle, broker, deadLetters } = await holdingRig({
      spec: { steps },
      scripts: {
        failing: async ({ emitError }) => {
          await emitError({ code: 'Busy', message: 'busy' })
          return undefined
        },
      },
    })
    hold(deadQueue)
    await publish(message)
    await settle()
    await settle()
    expect(held).toEqual([deadQueue])
    expect(await broker.pending()).toMatchObject({ unacknowledged: 1 })
    release()
    await untilIdle()
    expect(await deadLetters()).toMatchObject([{ code }])
  })

  it('it is safe in the queue where its plan has its step', async () => {
    const { hold, held, publish, release, settle, untilIdle, broker, plan, edit, host } = await holdingRig({
      spec: { steps: [call('fetch'), call('store')] },
    })
    await edit({ steps: [call('fetch'), call('store')], update: { pending: 'follow' } })
    const { queue } = plan.stages[1]!
    hold(queue)
    await publish({ at: 'store' })
    await settle()
    await settle()
    expect(held).toEqual([queue])
    expect(await broker.pending()).toMatchObject({ unacknowledged: 1 })
    release()
    await untilIdle()
    expect(host.calls.map(({ function: { name } }) => name)).toEqual(['store'])
  })

  it('it is off the list of what its run waits for', async () => {
    const { send, settle, untilIdle, store, host, broker } = await holdingRig({ spec: { steps: [call('store')] } })
    vi.spyOn(store.trackedRuns, 'remove').mockRejectedValueOnce(new TransientError('Unreachable', 'no answer'))
    await send({}, { tracked: true })
    await settle()
    expect(await broker.pending()).toMatchObject({ ready: 0, unacknowledged: 1 })
    await untilIdle()
    expect(host.calls).toHaveLength(2)
    expect(await store.trackedRuns.active('uid')).toEqual([])
  })
})

describe('a message is not published before', () => {
  it('it is on the list of what its run waits for', async () => {
    const { send, settle, untilIdle, store, host } = await holdingRig({
      spec: { steps: [call('fetch'), call('store')] },
    })
    const called = (): string[] => host.calls.map(({ function: { name } }) => name)
    const listed = Promise.withResolvers<void>()
    const { add } = store.trackedRuns
    const adding: (readonly string[])[] = []
    await add('uid', 'r', ['r'])
    vi.spyOn(store.trackedRuns, 'add').mockImplementation(async (flow, run, ids) => {
      if (ids[0] !== 'r') {
        adding.push(ids)
        await listed.promise
      }
      return add(flow, run, ids)
    })
    await send({}, { run: 'r', tracked: true })
    await settle()
    await settle()
    expect(adding).toHaveLength(1)
    expect(called()).toEqual(['fetch'])
    listed.resolve()
    await untilIdle()
    expect(called()).toEqual(['fetch', 'store'])
    expect(await store.trackedRuns.active('uid')).toEqual([])
  })
})
