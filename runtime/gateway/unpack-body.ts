import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import type { Checked } from './decide/answer.ts'
import { bodyTooLarge, ok, problem, refused } from './decide/answer.ts'

type Unpack = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>

const encodings: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
])

/** The body without its content encoding; the limit holds for what comes out. */
export async function unpackBody(
  encoding: string | undefined,
  sent: Buffer,
  maxBytes: number,
): Promise<Checked<Buffer>> {
  const name = encoding?.trim().toLowerCase() ?? 'identity'
  if (name === 'identity' || sent.length === 0) return ok(sent)
  const unpack = encodings.get(name)
  if (unpack === undefined) {
    const headers = { 'accept-encoding': 'gzip, deflate, br' }
    const detail = 'the content encoding is not known'
    return refused(problem({ status: 415, code: 'UnsupportedEncoding', detail, headers }))
  }
  try {
    return ok(await unpack(sent, { maxOutputLength: maxBytes }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return refused(bodyTooLarge(maxBytes))
    return refused(problem({ status: 400, code: 'InvalidBody', detail: `the body is not ${name}` }))
  }
}
