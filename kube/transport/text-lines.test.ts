import fc from 'fast-check'
import { expect, it } from 'vitest'
import { textLines } from './text-lines.ts'

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0
  for (const size of sizes) {
    yield bytes.subarray(from, from + size)
    from += size
  }
  yield bytes.subarray(from)
}

it('gives lines whole, wherever the network has cut them', async () => {
  const line = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\n'))
  const property = fc.asyncProperty(fc.array(line), fc.array(fc.nat(9)), async (lines, sizes) => {
    const bytes = Buffer.from(`${lines.map((text) => `${text}\n`).join('')}what was cut`)
    const want = lines.map((text) => Buffer.from(text).toString())
    expect(await Array.fromAsync(textLines(chunksOf(bytes, sizes)))).toEqual(want)
  })
  await fc.assert(property)
})
