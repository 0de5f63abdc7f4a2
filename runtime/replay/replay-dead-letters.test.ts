import { afterEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import type { MemoryBroker } from '../broker/memory-broker.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { simulatedClock } from '../clock.ts'
import { TransientError } from '../error.ts'
import { deadLetter, headersOf, plan } from '../store/conformance/store-promise.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import type { DeadLetter } from '../store/store.ts'
import { carriedOf, encodeBody, payloadOf } from '../wire/body.ts'
import type { WireMessage } from '../wire/message.ts'
import type { ReplayOptions, ReplayOutcome, ReplayParts } from './replay-dead-letters.ts'
import { dropDeadLetter, replayDeadLetters } from './replay-dead-letters.ts'
import { storePlans } from './store-plans.ts'

const clock = simulatedClock(1_700_000_000_000)
const queue = 'flow.store.1'
const message = { data: { id: 7 }, metadata: {}, attachments: {} }
const carried = { steps: { fetch: { data: 1 } } }
const failures = [{ step: 'store', attempt: 5, code: 'Boom', message: 'no', at: '2024-01-01T00:00:00.000Z' }]
const body = encodeBody(
  { ...carried, failures, rebound: { iteration: 3, reason: 'later' } },
  Buffer.from(JSON.stringify(message)),
)

const active: Plan = {
  ...plan('flow', 2),
  carried: { steps: {}, trigger: [] },
  steps: { store: { name: 'store' } } as unknown as Plan['steps'], // no more of it is looked at
  stages: [
    { name: 'store', queue, pool: 'Component/shop', entries: ['store'], singleActiveConsumer: false, snapshot: 'none' },
  ],
}

let broker: MemoryBroker
afterEach(() => broker.close())

async function world(letters: readonly Partial<DeadLetter>[] = [{}]) {
  broker = openMemoryBroker({ clock })
  const store = openMemoryStore({ clock })
  await store.plans.put(active)
  await broker.declareQueues([{ name: queue }])
  const kept = letters.map((changes) => deadLetter('flow', { body, ...changes }))
  for (const letter of kept) await store.deadLetters.put(letter)
  const parts: ReplayParts = { broker, store, plans: storePlans(store), clock }
  const replay = async (options: Partial<ReplayOptions> = {}, own = parts): Promise<ReplayOutcome[]> => {
    const outcomes: ReplayOutcome[] = []
    const all = { to: { kind: 'failedStep' }, ...options } as const
    for await (const outcome of replayDeadLetters(own, kept, all)) outcomes.push(outcome)
    return outcomes
  }
  const stateOf = async (at = 0) => (await store.deadLetters.get(kept[at]!))?.state
  return { store, kept, parts, replay, stateOf, queued: () => queued() }
}

/** Takes all that lies in the queue, and gives it back. */
async function queued(): Promise<WireMessage[]> {
  const found: WireMessage[] = []
  const { ready = 0 } = (await broker.depth(queue)) ?? {}
  const { promise, resolve } = Promise.withResolvers<void>()
  if (ready === 0) resolve()
  const subscription = await broker.consume(queue, { prefetch: 1000 }, (delivery) => {
    if (found.push(delivery.message) === ready) resolve()
  })
  await promise
  await subscription.close()
  return found
}

describe('replaying dead letters', () => {
  it('publishes the message as a new copy under the active revision, without what it died of, then marks the letter', async () => {
    const { kept, replay, stateOf } = await world()
    expect(await replay()).toMatchObject([{ kind: 'replayed', step: 'store', revision: 2, letter: kept[0] }])
    const [sent] = await queued()
    expect(sent?.id).toBe(kept[0]?.id)
    expect(sent?.headers).toMatchObject({ revision: 2, attempt: 1, replay: 1, hops: 0, run: 'run-of-flow' })
    expect(sent?.headers.copy).not.toBe(kept[0]?.headers.copy)
    expect(carriedOf(sent!.body)).toEqual(carried)
    expect(JSON.parse(payloadOf(sent!.body).toString())).toEqual(message)
    expect(await stateOf()).toBe('replayed')
  })

  it('sends what the edit gives, and says so', async () => {
    const { replay } = await world()
    const edit = (before: JsonObject): JsonObject => ({ ...before, data: { id: 8 } })
    const [outcome] = await replay({ edit })
    const [sent] = await queued()
    expect(JSON.parse(payloadOf(sent!.body).toString())).toEqual({ ...message, data: { id: 8 } })
    expect(outcome?.kind === 'replayed' && outcome.message()).toEqual({ ...message, data: { id: 8 } })
  })

  it('changes nothing in a dry run', async () => {
    const { parts, replay, stateOf } = await world()
    expect(await replay({}, { ...parts, broker: undefined })).toMatchObject([{ kind: 'replayed', step: 'store' }])
    expect(await queued()).toEqual([])
    expect(await stateOf()).toBe('dead')
  })

  it('sends many, each once, and passes over what somebody else has settled', async () => {
    const { kept, store, replay } = await world(Array.from({ length: 50 }, () => ({})))
    await store.deadLetters.mark(kept[7]!, 'dropped')
    const outcomes = await replay()
    expect(outcomes.map(({ letter }) => letter.id)).toEqual(kept.map(({ id }) => id))
    expect(outcomes.filter(({ kind }) => kind === 'settled')).toMatchObject([{ letter: kept[7], state: 'dropped' }])
    const ids = (await queued()).map(({ id }) => id)
    expect(ids.toSorted()).toEqual(
      kept
        .filter((_, at) => at !== 7)
        .map(({ id }) => id)
        .toSorted(),
    )
    expect((await replay()).every(({ kind }) => kind === 'settled')).toBe(true)
    expect(await queued()).toHaveLength(49)
  })

  it('leaves a letter as it is when its publish is not confirmed, or when it cannot be marked: it can be replayed again', async () => {
    const { parts, store, replay, stateOf } = await world()
    const down = new TransientError('Unreachable', 'not now')
    const publish = () => Promise.reject(down)
    await expect(replay({}, { ...parts, broker: { ...broker, publish } })).rejects.toBe(down)
    expect(await stateOf()).toBe('dead')
    const mark = () => Promise.reject(down)
    const unmarked = { ...store, deadLetters: { ...store.deadLetters, mark } }
    await expect(replay({}, { ...parts, store: unmarked })).rejects.toBe(down)
    expect(await stateOf()).toBe('dead')
    expect(await replay()).toMatchObject([{ kind: 'replayed' }])
    // At least once: the same id, so that whoever deduplicates knows it.
    expect(new Set((await queued()).map(({ id }) => id)).size).toBe(1)
    expect(await queued()).toHaveLength(2)
  })

  it('refuses what no queue takes, and what cannot be read, and sends that when it is edited', async () => {
    const { replay, stateOf } = await world([{ body: Buffer.from('rubbish') }])
    expect(await replay()).toMatchObject([{ kind: 'refused', code: 'MalformedMessage' }])
    await broker.unbindQueue(queue)
    const edit = () => message
    expect(await replay({ edit })).toMatchObject([{ kind: 'refused', code: 'QueueNotFound' }])
    expect(await stateOf()).toBe('dead')
    await broker.declareQueues([{ name: queue }])
    expect(await replay({ edit })).toMatchObject([{ kind: 'replayed' }])
    expect(JSON.parse(payloadOf((await queued())[0]!.body).toString())).toEqual(message)
  })

  it('refuses a flow that is being deleted', async () => {
    const { store, replay } = await world()
    const state = { flow: 'flow', namespace: 'default', name: 'contacts', lastRevision: 2, active: 2 } as const
    const rest = { kept: [], living: [], retiring: [], suspended: false, frozen: false }
    await store.flows.put({ ...state, ...rest, deletion: { askedAt: 1, deadlineMs: 1 } }, 0)
    expect(await replay()).toMatchObject([{ kind: 'refused', code: 'FlowNotFound' }])
  })

  it('keeps a large body beside the queue: as it was, or as it was edited', async () => {
    const headers = { ...headersOf('flow'), blob: 'b1' }
    const { store, parts, replay } = await world([
      { headers, body: encodeBody(carried, Buffer.alloc(0)) },
      { headers, body },
    ])
    expect(await replay()).toMatchObject([
      { kind: 'refused', code: 'BodyMissing' },
      { kind: 'refused', code: 'BodyMissing' },
    ])
    await store.blobs.put('b1', Buffer.from(JSON.stringify(message)), clock.now() + 1000)
    const [outcome] = await replay({}, { ...parts, broker: undefined })
    expect(outcome?.kind === 'replayed' && outcome.message()).toEqual(message)
    const text = 'x'.repeat(2_000_000)
    let edits = 0
    await replay({ edit: () => (edits++ === 0 ? { data: text } : { data: 'small' }) })
    const sent = await queued()
    const large = sent.find(({ headers: { blob } }) => blob !== undefined)
    const small = sent.find(({ headers: { blob } }) => blob === undefined)
    expect(payloadOf(large!.body)).toHaveLength(0)
    expect((await store.blobs.get(large!.headers.blob!))?.toString()).toBe(JSON.stringify({ data: text }))
    expect(payloadOf(small!.body).toString()).toBe('{"data":"small"}')
  })

  it('makes the run of a tracked message pending again; one that is dropped is not waited for', async () => {
    const tracked = { headers: { ...headersOf('flow'), tracked: true } as const }
    const { store, kept, replay } = await world([tracked, tracked])
    await broker.unbindQueue(queue)
    await replay()
    expect(await store.trackedRuns.active('flow')).toEqual([])
    await broker.declareQueues([{ name: queue }])
    await replay()
    expect(await store.trackedRuns.active('flow')).toEqual(['run-of-flow'])
    await store.trackedRuns.remove('flow', 'run-of-flow', kept[0]!.id)
    await store.trackedRuns.remove('flow', 'run-of-flow', kept[1]!.id)

    const left = deadLetter('flow', tracked)
    await store.deadLetters.put(left)
    await store.trackedRuns.add('flow', 'run-of-flow', [left.id])
    expect(await dropDeadLetter(store, left)).toBe(true)
    expect(await dropDeadLetter(store, left)).toBe(false)
    expect(await store.trackedRuns.active('flow')).toEqual([])
  })
})
