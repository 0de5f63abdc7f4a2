import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sampleHeaders } from '../../test/samples/sample-message.ts'
import { deadQueue, eventsQueue } from '../broker/broker.ts'
import type { MemoryBroker } from '../broker/memory-broker.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { simulatedClock, sleep } from '../clock.ts'
import { PermanentError, TransientError } from '../error.ts'
import { stepEvent, run as storedRun } from '../store/conformance/store-promise.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import type { DeadLetter, Store } from '../store/store.ts'
import type { AttemptFailure } from '../wire/body.ts'
import { encodeBody } from '../wire/body.ts'
import type { WireMessage } from '../wire/message.ts'
import type { Recorder, RecorderParts } from './recorder.ts'
import { openRecorder } from './recorder.ts'

const log = pino({ level: 'silent' })
const headers = sampleHeaders({
  flow: 'flow-1',
  revision: 4,
  run: 'run-1',
  runStartedAt: 1000,
  trigger: 'nightly',
  at: 'shape',
  attempt: 3,
})
const failures: readonly AttemptFailure[] = [
  { step: 'store', attempt: 1, code: 'StepTimedOut', message: 'no answer', at: '2024-05-01T10:00:00.000Z' },
  { step: 'store', attempt: 2, code: 'ComponentFailed', message: 'the shop is shut', at: '2024-05-01T10:00:05.000Z' },
]
const payload = Buffer.from('{"data":{"id":7},"metadata":{}}')

function dead(id: string, body = encodeBody({ failures }, payload)): WireMessage {
  return { id, headers, body }
}

/** A real store that refuses as long as it is told to. */
function refusingStore(store: Store): Store & { refuseWith: Error | undefined } {
  const refusing: Store & { refuseWith: Error | undefined } = {
    ...store,
    refuseWith: undefined,
    deadLetters: { ...store.deadLetters, put: (letter) => guarded(() => store.deadLetters.put(letter)) },
    runs: { ...store.runs, addBatches: (batches) => guarded(() => store.runs.addBatches(batches)) },
  }
  const guarded = async (work: () => Promise<void>): Promise<void> => {
    if (refusing.refuseWith) throw refusing.refuseWith
    await work()
  }
  return refusing
}

async function open(namespaceOf: RecorderParts['namespaceOf'] = (flow) => `namespace-of-${flow}`) {
  const clock = simulatedClock(1_700_000_000_000)
  const broker = openMemoryBroker({ clock })
  const store = refusingStore(openMemoryStore({ clock }))
  const heard: DeadLetter[] = []
  const recorder = await openRecorder({
    broker,
    store,
    clock,
    log,
    namespaceOf,
    onDeadLetter: (letter) => heard.push(letter),
  })
  opened = { broker, recorder }
  return { clock, broker, store, heard, recorder, bury: (message: WireMessage) => bury(broker, message) }
}

async function bury(broker: MemoryBroker, message: WireMessage): Promise<void> {
  expect(await broker.publish({ kind: 'queue', queue: deadQueue }, message)).toBe('confirmed')
}

let opened: { readonly broker: MemoryBroker; readonly recorder: Recorder } | undefined
afterEach(async () => {
  await opened?.recorder.close()
  await opened?.broker.close()
})

describe('recorder', () => {
  it('stores a dead message with its last failure, all failures and its bytes, then tells it and acknowledges', async () => {
    const { broker, store, heard, bury } = await open()
    const message = dead('m1')
    await bury(message)
    await broker.whenIdle()
    const letter: DeadLetter = {
      id: 'm1',
      namespace: 'namespace-of-flow-1',
      flow: 'flow-1',
      step: 'store',
      run: 'run-1',
      revision: 4,
      code: 'ComponentFailed',
      message: 'the shop is shut',
      attempts: 2,
      failures,
      headers,
      body: message.body,
      diedAt: Date.parse('2024-05-01T10:00:05.000Z'),
      replay: 0,
      state: 'dead',
    }
    expect(await store.deadLetters.list({})).toEqual([letter])
    expect(heard).toEqual([letter])
  })

  it.each([
    { name: 'without a failure', body: encodeBody({}, payload), code: 'UnknownFailure' },
    { name: 'without a body', body: Buffer.alloc(0), code: 'MalformedMessage' },
    {
      name: 'with a length beyond its end',
      body: Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7b]),
      code: 'MalformedMessage',
    },
    {
      name: 'with carried JSON that is none',
      body: Buffer.from([0, 0, 0, 3, 0x7b, 0x7b, 0x7b]),
      code: 'MalformedMessage',
    },
    { name: 'that carries null', body: Buffer.from('\0\0\0\u0004null'), code: 'MalformedMessage' },
    {
      name: 'with failures that are none',
      body: Buffer.from('\0\0\0\u0010{"failures":[1]}'),
      code: 'MalformedMessage',
    },
  ])('keeps a message $name, by its headers', async ({ body, code }) => {
    const { broker, store, clock, bury } = await open()
    await bury(dead('m1', body))
    await broker.whenIdle()
    const [letter] = await store.deadLetters.list({})
    expect(letter).toMatchObject({ id: 'm1', step: 'shape', attempts: 3, code, diedAt: clock.now() })
    expect(Buffer.compare(letter?.body ?? Buffer.from('none'), body)).toBe(0)
  })

  it('waits for the namespace of a letter while nobody knows it', async () => {
    let isKnown = false
    const { store, clock, broker, bury } = await open(async () => {
      if (!isKnown) throw new TransientError('StateUnavailable', 'not now')
      return 'shop'
    })
    await bury(dead('m1'))
    await clock.advance(10_000)
    expect(await store.deadLetters.list({})).toEqual([])
    expect(broker.pending()).toMatchObject({ unacknowledged: 1 })
    isKnown = true
    await clock.advance(30_000)
    expect(await store.deadLetters.list({})).toMatchObject([{ id: 'm1', namespace: 'shop' }])
  })

  it('has at most four large bodies in memory, however many letters name one', async () => {
    const { store, clock, bury } = await open()
    const { get, put } = store.blobs
    const ids = Array.from({ length: 12 }, (_, n) => `m${n}`)
    for (const id of ids) await put(id, payload, clock.now() + 86_400_000)
    let held = 0
    let most = 0
    let refusals = 5
    vi.spyOn(store.blobs, 'get').mockImplementation(async (id) => {
      held += 1
      most = Math.max(most, held)
      await sleep(clock, 100)
      refusals -= 1
      if (refusals < 0) return get(id)
      held -= 1
      throw new TransientError('StateUnavailable', 'not now')
    })
    vi.spyOn(store.blobs, 'put').mockImplementation(async (...body) => {
      await put(...body)
      held -= 1
    })
    for (const id of ids) await bury({ ...dead(id), headers: { ...headers, blob: id } })
    await clock.advance(300_000)
    expect({ most, held }).toEqual({ most: 4, held: 0 })
    expect(await store.deadLetters.list({})).toHaveLength(12)
  })

  it('writes at most four letters with a large body at a time, and small ones beside them', async () => {
    const { store, clock, bury } = await open()
    const { put } = store.deadLetters
    const held: string[] = []
    let most = 0
    vi.spyOn(store.deadLetters, 'put').mockImplementation(async (letter) => {
      held.push(letter.id)
      most = Math.max(most, held.filter((id) => id !== 'small').length)
      await sleep(clock, 100)
      await put(letter)
      held.splice(held.indexOf(letter.id), 1)
    })
    const large = encodeBody({ failures }, Buffer.alloc(2 ** 20, 0x20))
    for (let n = 0; n < 9; n += 1) await bury(dead(`m${n}`, large))
    await bury(dead('small'))
    await clock.advance(0)
    expect(held.toSorted()).toEqual(['m0', 'm1', 'm2', 'm3', 'small'])
    await clock.advance(1000)
    expect({ most, held }).toEqual({ most: 4, held: [] })
    expect(await store.deadLetters.list({})).toHaveLength(10)
  })

  it('keeps trying what the store refuses, and acknowledges nothing before it is stored', async () => {
    const { broker, store, clock, heard, bury } = await open()
    store.refuseWith = new TransientError('StateUnavailable', 'not now')
    await bury(dead('m1'))
    await bury(dead('m2'))
    await clock.advance(60_000)
    expect(broker.pending()).toMatchObject({ unacknowledged: 2 })
    expect(heard).toHaveLength(0)
    store.refuseWith = undefined
    await clock.advance(30_000)
    await broker.whenIdle()
    expect((await store.deadLetters.list({})).map(({ id }) => id).toSorted()).toEqual(['m1', 'm2'])
    expect(heard).toHaveLength(2)
  })

  it('gives back what the store does not take for minutes, and takes it anew: a broker lets nobody hold it for ever', async () => {
    const { broker, store, clock, bury } = await open()
    store.refuseWith = new TransientError('StateUnavailable', 'not now')
    await bury(dead('m1'))
    for (let minute = 0; minute < 12; minute += 1) await clock.advance(60_000)
    expect(broker.pending()).toMatchObject({ ready: 0, unacknowledged: 1 })
    store.refuseWith = undefined
    await clock.advance(30_000)
    await broker.whenIdle()
    expect(await store.deadLetters.list({})).toMatchObject([{ id: 'm1' }])
  })

  it('leaves what it could not store in the queue when it is closed; the next one stores it', async () => {
    const { broker, store, clock, recorder, bury } = await open()
    store.refuseWith = new PermanentError('StateCorrupt', 'damaged')
    await bury(dead('m1'))
    await clock.advance(1000)
    await recorder.close()
    expect(broker.pending()).toEqual({ ready: 1, unacknowledged: 0, parked: 0 })
    store.refuseWith = undefined
    const next = await openRecorder({ broker, store, clock, log, namespaceOf: () => 'default' })
    await broker.whenIdle()
    expect(await store.deadLetters.list({})).toHaveLength(1)
    await next.close()
  })

  it('keeps one letter of a message that is delivered twice, and never undoes its drop', async () => {
    const { broker, store, bury } = await open()
    await bury(dead('m1'))
    await broker.whenIdle()
    await store.deadLetters.mark({ id: 'm1', step: 'store', replay: 0 }, 'dropped')
    await bury(dead('m1'))
    await broker.whenIdle()
    expect(await store.deadLetters.list({})).toMatchObject([{ id: 'm1', state: 'dropped' }])
  })

  it('keeps the death of a replay beside the letter that was replayed', async () => {
    const { broker, store, bury } = await open()
    await bury(dead('m1'))
    await broker.whenIdle()
    await store.deadLetters.mark({ id: 'm1', step: 'store', replay: 0 }, 'replayed')
    await bury({ ...dead('m1'), headers: { ...headers, replay: 1 } })
    await broker.whenIdle()
    const states = (await store.deadLetters.list({})).map(({ replay, state }) => `${replay} ${state}`)
    expect(states.toSorted()).toEqual(['0 replayed', '1 dead'])
  })

  it.each([deadQueue, eventsQueue])('declares the queue "%s" again when somebody has deleted it', async (queue) => {
    const { clock, broker, store, bury } = await open()
    await broker.deleteQueue(queue)
    expect(await broker.depth(queue)).toBeUndefined()
    await clock.advance(1000)
    expect(await broker.depth(queue)).toMatchObject({ consumers: 1 })
    await bury(dead('m1'))
    await broker.whenIdle()
    expect(await store.deadLetters.list({})).toMatchObject([{ id: 'm1' }])
  })

  it('stops looking for a deleted queue when it is closed', async () => {
    const { clock, broker, recorder } = await open()
    await broker.deleteQueue(deadQueue)
    await recorder.close()
    await clock.advance(60_000)
    expect(await broker.depth(deadQueue)).toBeUndefined()
    expect(clock.nextAt()).toBeUndefined()
  })
})

describe('observations', () => {
  it('are written in bulk, 200 ms after the first or when 500 wait', async () => {
    const { clock, store, recorder } = await open()
    recorder.observe({ kind: 'run', run: storedRun('flow-1', 0, 'run-1') })
    recorder.observe({ kind: 'event', event: stepEvent('flow-1', 'run-1', { at: clock.now() }) })
    await clock.advance(199)
    expect(await store.runs.events('run-1')).toHaveLength(0)
    await clock.advance(1)
    expect(await store.runs.events('run-1')).toHaveLength(1)
    expect(await store.runs.get('run-1')).toBeDefined()

    for (let count = 0; count < 500; count += 1) {
      recorder.observe({ kind: 'event', event: stepEvent('flow-1', 'run-2', { at: clock.now() }) })
    }
    await vi.waitFor(async () => expect(await store.runs.events('run-2')).toHaveLength(500))
  })

  it('are dropped and counted when too many wait, and the rest is written when the store takes it again', async () => {
    const { clock, store, recorder } = await open()
    store.refuseWith = new TransientError('StateUnavailable', 'not now')
    for (let count = 0; count < 10_007; count += 1) {
      recorder.observe({ kind: 'event', event: stepEvent('flow-1', `run-${count % 2}`, { at: clock.now() }) })
    }
    expect(recorder.dropped()).toBe(7)
    await clock.advance(5000)
    store.refuseWith = undefined
    await clock.advance(1000)
    await recorder.flush()
    expect(await store.runs.dropped()).toBe(7)
    const written = [...(await store.runs.events('run-0')), ...(await store.runs.events('run-1'))]
    expect(written).toHaveLength(10_000)
    expect(new Set(written.map(({ messageId }) => messageId)).size).toBe(10_000)
  })

  it('are written when the recorder is closed; later ones are counted', async () => {
    const { clock, store, recorder } = await open()
    recorder.observe({ kind: 'event', event: stepEvent('flow-1', 'run-1', { at: clock.now() }) })
    await Promise.all([recorder.flush(), recorder.flush(), recorder.close()])
    await recorder.close()
    recorder.observe({ kind: 'event', event: stepEvent('flow-1', 'run-1', { at: clock.now() }) })
    expect(await store.runs.events('run-1')).toHaveLength(1)
    expect(recorder.dropped()).toBe(1)
    expect(clock.nextAt()).toBeUndefined()
  })
})
