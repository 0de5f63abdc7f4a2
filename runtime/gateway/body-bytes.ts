import type { Answer, Checked } from './decide/answer.ts'
import { bodyTooLarge, ok, problem, refused } from './decide/answer.ts'

/** Takes memory for so many more bytes of one request; false when there is none left. */
export type TakeBytes = (count: number) => boolean

export interface BodyLimits {
  readonly maxBytes: number
  readonly take: TakeBytes
}

/** A body as it comes in, within its limits. */
export interface BodyBytes {
  /** False when that is too much: the rest is of no use. */
  readonly add: (chunk: Buffer) => boolean
  readonly all: () => Checked<Buffer>
}

export function bodyBytes({ maxBytes, take }: BodyLimits): BodyBytes {
  const chunks: Buffer[] = []
  let size = 0
  let refusal: Answer | undefined
  return {
    add: (chunk) => {
      size += chunk.length
      if (size > maxBytes) refusal ??= bodyTooLarge(maxBytes)
      else if (!take(chunk.length)) refusal ??= busy
      if (refusal === undefined) chunks.push(chunk)
      return refusal === undefined
    },
    all: () => {
      if (refusal !== undefined) return refused(refusal)
      const [first] = chunks
      return ok(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks))
    },
  }
}

const busy = problem({
  status: 503,
  code: 'Busy',
  detail: 'too many bodies are being received',
  headers: { 'retry-after': '1' },
})
