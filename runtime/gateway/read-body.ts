import type { IncomingMessage } from 'node:http'
import type { BodyLimits } from './body-bytes.ts'
import { bodyBytes } from './body-bytes.ts'
import type { Checked } from './decide/answer.ts'
import { bodyTooLarge, ok, refused } from './decide/answer.ts'
import { unpackBody } from './unpack-body.ts'

/** A request's body twice: as it was sent, which is what a signature covers, and unpacked. */
export interface RawBody {
  readonly sent: Buffer
  readonly content: Buffer
}

/** Reads the body up to its limits, which hold for both of its forms. What is left of a refused one is read and dropped by the connection. */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Checked<RawBody>> {
  const sent = await readSent(request, limits)
  if (sent.kind === 'refused') return sent
  const content = await unpackBody(request.headers['content-encoding'], sent.value, bodyBytes(limits))
  return content.kind === 'refused' ? content : ok({ sent: sent.value, content: content.value })
}

function readSent(request: IncomingMessage, limits: BodyLimits): Promise<Checked<Buffer>> {
  const { maxBytes } = limits
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve(refused(bodyTooLarge(maxBytes)))
  const { promise, resolve, reject } = Promise.withResolvers<Checked<Buffer>>()
  const bytes = bodyBytes(limits)
  // By its events: the stream's iterator costs as much as all the rest of a small request.
  const onData = (chunk: Buffer): void => {
    if (bytes.add(chunk)) return
    request.off('data', onData)
    resolve(bytes.all())
  }
  request.on('data', onData)
  request.once('end', () => resolve(bytes.all()))
  request.once('error', reject)
  request.once('close', () => {
    if (!request.complete) reject(new Error('the caller is gone'))
  })
  return promise
}
