import { afterEach, describe, expect, it } from 'vitest'
import type { Step } from '../../crds/v1alpha1/step.ts'
import type { Rig, RigOptions, ScriptedCall } from '../../test/rig/runner-rig.ts'
import { openRig } from '../../test/rig/runner-rig.ts'
import type { Broker } from '../broker/broker.ts'
import { TransientError } from '../error.ts'

let rig: Rig | undefined
afterEach(() => {
  ends.length = 0
  return rig?.close()
})

async function rigOf(options: RigOptions): Promise<Rig> {
  rig = await openRig(options)
  return rig
}

const call = (name: string): Step => ({ name, component: 'app', function: name })
const polling: Pick<RigOptions, 'spec' | 'functions'> = {
  spec: { steps: [call('poll'), call('store')] },
  functions: { poll: { kind: 'trigger', snapshot: true, checkpoint: true } },
}

/** Gives what its source has behind the cursor, and waits for nothing, as many components do. */
async function poll({ snapshot, emitData, onEmit }: ScriptedCall): Promise<undefined> {
  const { cursor = 0 } = snapshot as { readonly cursor?: number }
  const emitted = [1, 2, 3]
    .filter((n) => n > cursor)
    .flatMap((n) => [emitData({ n }), onEmit({ kind: 'snapshot', value: { cursor: n } })])
  ends.push(...(await Promise.allSettled(emitted)))
  return undefined
}

const ends: PromiseSettledResult<void>[] = []

describe('a checkpoint', () => {
  it('is not written past a message that could not be published', async () => {
    let failures = 0
    const wrap = (connection: Broker): Broker => ({
      ...connection,
      publish: (target, message) => {
        if (!target.queue.includes('store') || failures > 0) return connection.publish(target, message)
        failures += 1
        return Promise.reject(new TransientError('BrokerConnectionLost', 'the connection was lost'))
      },
    })
    const { send, untilIdle, finished } = await rigOf({ ...polling, scripts: { poll }, wrap })
    await send({})
    await untilIdle()
    expect(failures).toBe(1)
    expect(new Set(finished.map(({ data }) => (data as { n: number }).n))).toEqual(new Set([1, 2, 3]))
  })

  it('is written only when what was emitted before it is safe', async () => {
    const confirmed = Promise.withResolvers<void>()
    const wrap = (connection: Broker): Broker => ({
      ...connection,
      publish: async (target, message) => {
        if (target.queue.includes('store')) await confirmed.promise
        return connection.publish(target, message)
      },
    })
    const { send, settle, untilIdle, store, plan } = await rigOf({ ...polling, scripts: { poll }, wrap })
    const snapshot = async (): Promise<unknown> => (await store.snapshots.read(plan.stages[0]!.queue))?.value
    await send({})
    await settle()
    expect(await snapshot()).toBeUndefined()
    confirmed.resolve()
    await untilIdle()
    expect(await snapshot()).toEqual({ cursor: 3 })
  })

  it('that follows another at once is no conflict with it', async () => {
    const { send, untilIdle, finished, host, store, plan } = await rigOf({ ...polling, scripts: { poll } })
    await send({})
    await untilIdle()
    expect(host.calls.filter(({ function: { name } }) => name === 'poll')).toHaveLength(1)
    expect(ends.filter(({ status }) => status === 'rejected')).toEqual([])
    expect(finished.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    expect((await store.snapshots.read(plan.stages[0]!.queue))?.value).toEqual({ cursor: 3 })
  })
})
