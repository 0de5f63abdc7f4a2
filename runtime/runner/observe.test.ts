import { afterEach, describe, expect, it } from 'vitest'
import type { Step } from '../../crds/v1alpha1/step.ts'
import type { Rig, RigOptions } from '../../test/rig/runner-rig.ts'
import { openRig } from '../../test/rig/runner-rig.ts'
import { deadQueue } from '../broker/broker.ts'
import type { StepEvent } from '../store/store.ts'

let rig: Rig | undefined
afterEach(() => rig?.close())

async function rigOf(options: RigOptions): Promise<Rig> {
  rig = await openRig(options)
  return rig
}

const call = (name: string, rest: Partial<Step> = {}): Step => ({ name, component: 'app', function: name, ...rest })

/** What is not a part of a message that ended inside it. */
const own = (events: readonly StepEvent[]) => events.filter(({ messageId, parentId }) => messageId !== parentId)

/** How many messages have events of their own, and how many are said to. */
function balance(events: readonly StepEvent[]): { readonly seen: number; readonly told: number } {
  const told = new Map<string, number>()
  for (const { messageId, emitted, children = emitted } of own(events)) {
    told.set(messageId, Math.max(children, told.get(messageId) ?? 0))
  }
  return { seen: told.size, told: [...told.values()].reduce((sum, children) => sum + children, 1) }
}

describe('what is observed of a message', () => {
  it('names the message that gave it, across retries and waits, and how many it gave', async () => {
    let calls = 0
    const { send, untilIdle, events } = await rigOf({
      spec: {
        steps: [
          call('fetch', { next: [{ to: 'each' }] }),
          { name: 'each', split: 'data', next: [{ to: 'pause' }] },
          { name: 'pause', wait: { seconds: 90 }, next: [{ to: 'store' }] },
          call('store', { onError: { retry: { maxAttempts: 3 } }, next: [] }),
        ],
      },
      scripts: {
        store: async ({ emitData, emitError, data }) => {
          calls += 1
          await (calls === 1 ? emitError({ code: 'Busy', message: 'busy' }) : emitData(data))
          return undefined
        },
      },
    })
    const run = await send([1, 2])
    await untilIdle()
    const at = (step: string) => events.filter((event) => event.step === step)
    expect(at('fetch')).toMatchObject([{ messageId: run, emitted: 2 }])
    expect(at('fetch')[0]).not.toHaveProperty('parentId')
    expect(at('fetch')[0]).not.toHaveProperty('children')
    const waited = at('pause').filter(({ kind }) => kind === 'settled')
    expect(waited.map(({ parentId }) => parentId)).toEqual([run, run])
    const stored = at('store')
    expect(stored.map(({ kind }) => kind).toSorted()).toEqual(['retried', 'settled', 'settled'])
    expect(new Set(stored.map(({ parentId }) => parentId))).toEqual(new Set(waited.map(({ messageId }) => messageId)))
    expect(stored.filter(({ kind }) => kind === 'settled')).toMatchObject([
      { emitted: 1, children: 0 },
      { emitted: 1, children: 0 },
    ])
    expect(balance(events)).toEqual({ seen: 5, told: 5 })
  })

  it('names it for what ended behind its step, too: a dead letter by its own id, the rest by that of the message itself', async () => {
    const { send, untilIdle, events, deadLetters } = await rigOf({
      spec: {
        steps: [
          call('fetch', { next: [{ to: 'each' }] }),
          { name: 'each', split: 'data', next: [{ to: 'keep' }] },
          { name: 'keep', filter: 'data > 1', next: [{ to: 'double' }, { to: 'halve' }] },
          { name: 'double', transform: 'data.none', next: [] },
          { name: 'halve', transform: '$error("odd")', onError: { then: 'discard' }, next: [] },
        ],
      },
    })
    const run = await send([1, 2])
    await untilIdle()
    const [letter] = await deadLetters()
    expect(events).toEqual([
      expect.objectContaining({ step: 'keep', kind: 'filtered', messageId: run, parentId: run }),
      expect.objectContaining({ step: 'halve', kind: 'discarded', messageId: run, parentId: run }),
      expect.objectContaining({ step: 'double', kind: 'dead', messageId: letter?.id, parentId: run }),
      expect.objectContaining({ step: 'fetch', kind: 'settled', emitted: 0, children: 1 }),
    ])
    expect(letter?.headers).toMatchObject({ parent: run })
    expect(balance(events)).toEqual({ seen: 2, told: 2 })
  })

  it('stays the same when it is forwarded, put back from where it was lost, or sent to the dead letters', async () => {
    const { send, untilIdle, events, broker, plan, deadLetters } = await rigOf({
      spec: { steps: [call('fetch'), call('store')] },
    })
    await broker.deleteQueue(plan.stages[1]!.queue)
    const run = await send({})
    await untilIdle()
    const [letter] = await deadLetters()
    expect(letter).toMatchObject({ code: 'PlanMismatch', headers: { parent: run } })
    expect(events).toMatchObject([{ step: 'fetch', emitted: 1 }])
    expect(await broker.depth(deadQueue)).toMatchObject({ ready: 0 })
  })
})
