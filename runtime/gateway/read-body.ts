import type { IncomingMessage } from 'node:http'
import type { Checked } from './decide/answer.ts'
import { bodyTooLarge, ok, problem, refused } from './decide/answer.ts'
import { unpackBody } from './unpack-body.ts'

/** A request's body twice: as it was sent, which is what a signature covers, and unpacked. */
export interface RawBody {
  readonly sent: Buffer
  readonly content: Buffer
}

/** Takes memory for so many more bytes of one request; false when there is none left. */
export type TakeBytes = (count: number) => boolean

/** Reads the body up to its limit. What is left of a refused one is read and dropped by the connection. */
export async function readBody(
  request: IncomingMessage,
  { maxBytes, take }: { readonly maxBytes: number; readonly take: TakeBytes },
): Promise<Checked<RawBody>> {
  const sent = await readSent(request, { maxBytes, take })
  if (sent.kind === 'refused') return sent
  const content = await unpackBody(request.headers['content-encoding'], sent.value, maxBytes)
  return content.kind === 'refused' ? content : ok({ sent: sent.value, content: content.value })
}

function readSent(
  request: IncomingMessage,
  { maxBytes, take }: { readonly maxBytes: number; readonly take: TakeBytes },
): Promise<Checked<Buffer>> {
  const { promise, resolve, reject } = Promise.withResolvers<Checked<Buffer>>()
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve(refused(bodyTooLarge(maxBytes)))
  const chunks: Buffer[] = []
  let size = 0
  // By its events: the stream's iterator costs as much as all the rest of a small request.
  const onData = (chunk: Buffer): void => {
    size += chunk.length
    const refusal = size > maxBytes ? bodyTooLarge(maxBytes) : take(chunk.length) ? undefined : busy
    chunks.push(chunk)
    if (refusal === undefined) return
    request.off('data', onData)
    resolve(refused(refusal))
  }
  request.on('data', onData)
  request.once('end', () =>
    resolve(ok(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))),
  )
  request.once('error', reject)
  request.once('close', () => {
    if (!request.complete) reject(new Error('the caller is gone'))
  })
  return promise
}

const busy = problem({
  status: 503,
  code: 'Busy',
  detail: 'too many bodies are being received',
  headers: { 'retry-after': '1' },
})
