import { describe, expect, it } from 'vitest'
import { retentionChecks } from './conformance/retention-checks.ts'
import { deadLetter } from './conformance/store-promise.ts'
import { openMemoryStore } from './memory-store.ts'
import { storeConformance } from './store-conformance.ts'

storeConformance('memory', async () => {
  const store = openMemoryStore()
  return { connect: async () => store, close: store.close }
})

describe('memory store', () => {
  retentionChecks(openMemoryStore)

  it('keeps a bounded number of dead letters, the newest, and counts those that nobody had settled', async () => {
    const forgotten: number[] = []
    const store = openMemoryStore({
      retention: { deadLetters: 10 },
      onLetterForgotten: (total) => forgotten.push(total),
    })
    const letters = Array.from({ length: 25 }, (_, at) => deadLetter('f', { id: `m${at}`, diedAt: at }))
    for (const letter of letters) {
      await store.deadLetters.put(letter)
      // The same again takes no room.
      await store.deadLetters.put(letter)
      if (letter.id === 'm2') await store.deadLetters.mark(letter, 'dropped')
    }
    expect((await store.deadLetters.list({})).map(({ id }) => id)).toEqual(
      Array.from({ length: 10 }, (_, at) => `m${24 - at}`),
    )
    expect(forgotten).toEqual(Array.from({ length: 14 }, (_, at) => at + 1))
  })

  it('keeps a bounded number of bytes of dead letters, and the newest however large it is', async () => {
    let forgotten = 0
    const store = openMemoryStore({
      retention: { deadLetterBytes: 100_000 },
      onLetterForgotten: (total) => (forgotten = total),
    })
    const put = (id: string, bytes: number) => store.deadLetters.put(deadLetter('f', { id, body: Buffer.alloc(bytes) }))
    const kept = async () => (await store.deadLetters.list({})).map(({ id }) => id)
    for (let at = 0; at < 30; at += 1) await put(`m${at}`, 10_000)
    expect((await kept()).length).toBeGreaterThan(7)
    expect((await kept()).length).toBeLessThan(10)
    expect((await kept())[0]).toBe('m29')
    expect(forgotten).toBe(30 - (await kept()).length)
    // One that takes the place of an earlier frees what that one took.
    for (let again = 0; again < 30; again += 1) await put('m29', 10_000)
    expect((await kept()).length).toBeGreaterThan(7)
    await put('large', 1_000_000)
    expect(await kept()).toEqual(['large'])
  })
})
