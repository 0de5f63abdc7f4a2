import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { openSlots } from '../claim-check/slots.ts'
import { simulatedClock } from '../clock.ts'
import { PermanentError, TransientError } from '../error.ts'
import { deadLetter } from '../store/conformance/store-promise.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import type { DeadLetter, Store } from '../store/store.ts'
import { carriedOf, encodeBody, payloadOf } from '../wire/body.ts'
import { keepLetter } from './letter-keeper.ts'

const clock = simulatedClock(1_700_000_000_000)
const parts = {
  clock,
  log: pino({ level: 'silent' }),
  bodies: openSlots(1),
  signal: new AbortController().signal,
}
const payload = Buffer.from(`{"data":"${'x'.repeat(5000)}"}`)
const carried = { trigger: { data: 'kept' } }

/** A real store that takes nothing above so many bytes. */
function narrowStore(mostBytes: number): Store {
  const store = openMemoryStore({ clock })
  const put = async (letter: DeadLetter): Promise<void> => {
    const bytes = letter.body.length + JSON.stringify([letter.failures, letter.message]).length
    if (bytes > mostBytes) throw new PermanentError('TooLarge', 'larger than a document may be')
    await store.deadLetters.put(letter)
  }
  return { ...store, deadLetters: { ...store.deadLetters, put } }
}

const letter = deadLetter('flow', { body: encodeBody(carried, payload) })
const key = { id: letter.id, step: letter.step, replay: 0 }

describe('a dead letter', () => {
  it('is kept whole where the store takes it', async () => {
    const store = narrowStore(10_000)
    expect(await keepLetter({ ...parts, store }, letter)).toEqual(letter)
    expect(await store.deadLetters.get(key)).toEqual(letter)
  })

  it('that is too large is kept with its payload as a blob, as a large message is', async () => {
    const store = narrowStore(1000)
    const { headers, body } = await keepLetter({ ...parts, store }, letter)
    expect((await store.deadLetters.get(key))?.headers.blob).toBe(headers.blob)
    expect(carriedOf(Buffer.from(body))).toEqual(carried)
    expect(payloadOf(Buffer.from(body))).toHaveLength(0)
    expect((await store.blobs.get(headers.blob!))?.equals(payload)).toBe(true)
  })

  it('whose failures are endless is kept with what fits of them', async () => {
    const store = narrowStore(30_000)
    const failure = { ...letter.failures[0]!, message: '\ud800'.repeat(100_000) }
    const kept = await keepLetter(
      { ...parts, store },
      { ...letter, failures: Array.from({ length: 30 }, () => failure) },
    )
    expect(kept.failures).toHaveLength(20)
    expect(kept.failures[0]?.message).toHaveLength(1001)
    expect(kept.failures[0]?.message.isWellFormed()).toBe(true)
  })

  it('that fits in no form is kept by what it is known by, with its bytes as a blob', async () => {
    const store = narrowStore(600)
    const wide = { ...letter, body: encodeBody({ trigger: { data: 'y'.repeat(5000) } }, payload) }
    const { message, failures } = await keepLetter({ ...parts, store }, wide)
    const [, blob] = /the blob (\w+)\)$/.exec(message) ?? []
    expect((await store.blobs.get(blob!))?.equals(wide.body)).toBe(true)
    expect(failures).toEqual([])
    expect(await store.deadLetters.get(key)).toMatchObject({ code: letter.code, run: letter.run })
  })

  it('keeps the blob that its message names for as long as itself', async () => {
    const store = openMemoryStore({ clock: simulatedClock(clock.now()) })
    const kept: number[] = []
    const put: Store['blobs']['put'] = async (id, bytes, keepUntil) => {
      kept.push(keepUntil)
      await store.blobs.put(id, bytes, keepUntil)
    }
    await store.blobs.put('b1', payload, clock.now() + 1000)
    const named = { ...letter, headers: { ...letter.headers, blob: 'b1' } }
    await keepLetter({ ...parts, store: { ...store, blobs: { ...store.blobs, put } } }, named)
    expect(kept).toEqual([clock.now() + 100 * 365 * 86_400_000])
  })

  it('waits when the store does not answer, and says what it said when it takes nothing at all', async () => {
    const silent = new TransientError('Unreachable', 'no answer')
    const store = openMemoryStore({ clock })
    const refusing = (error: Error): Store => ({
      ...store,
      deadLetters: {
        ...store.deadLetters,
        put: async () => {
          throw error
        },
      },
    })
    await expect(keepLetter({ ...parts, store: refusing(silent) }, letter)).rejects.toBe(silent)
    const never = new PermanentError('ReadOnly', 'never')
    await expect(keepLetter({ ...parts, store: refusing(never) }, letter)).rejects.toBe(never)
  })
})
