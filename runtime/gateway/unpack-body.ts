import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Checked } from './decide/answer.ts'
import { ok, problem, refused } from './decide/answer.ts'
import type { BodyBytes } from './body-bytes.ts'

const encodings: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
])

/** The body without its content encoding. What comes out is counted as it does: a small one may become a thousand times as large. */
export async function unpackBody(
  encoding: string | undefined,
  sent: Buffer,
  unpacked: BodyBytes,
): Promise<Checked<Buffer>> {
  const name = encoding?.trim().toLowerCase() ?? 'identity'
  if (name === 'identity' || sent.length === 0) return ok(sent)
  const open = encodings.get(name)
  if (open === undefined) {
    const headers = { 'accept-encoding': 'gzip, deflate, br' }
    const detail = 'the content encoding is not known'
    return refused(problem({ status: 415, code: 'UnsupportedEncoding', detail, headers }))
  }
  const isSound = await pipeline([sent], open(), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) if (!unpacked.add(chunk)) return
  }).then(
    () => true,
    () => false,
  )
  const content = unpacked.all()
  if (isSound || content.kind === 'refused') return content
  return refused(problem({ status: 400, code: 'InvalidBody', detail: `the body is not ${name}` }))
}
