import { checkPort } from '../connect-error.ts'
import { WireError } from './wire-error.ts'

export const frameType = { method: 1, header: 2, body: 3, heartbeat: 8 } as const

/** Ends every frame. */
export const frameEnd = 0xce
/** Type, channel and length before the payload. */
export const frameHeadBytes = 7
/** Head and end. */
export const frameOverheadBytes = 8
/** The longest frame, overhead included, that is asked for: RabbitMQ's own default. A longer one is garbage. */
export const maxFrameBytes = 128 * 1024

/** The payload is `bytes` from `start` to `end`; the bytes stay as they are for as long as somebody holds them. */
export type OnFrame = (frame: Frame) => void

/** One object for all frames of a parser: take what is needed before the next. */
export interface Frame {
  type: number
  channel: number
  bytes: Buffer
  start: number
  end: number
}

export interface FrameParser {
  /** @throws {WireError} where no frame can be; the parser is of no use after that */
  readonly push: (chunk: Buffer) => void
}

/**
 * Frames out of chunks that may be cut anywhere. A frame within one chunk is handed on where it lies; one that spans
 * chunks is put together once, in a buffer of its own, however many pieces it comes in.
 */
export function frameParser(onFrame: OnFrame): FrameParser {
  const head = Buffer.alloc(frameHeadBytes)
  const frame: Frame = { type: 0, channel: 0, bytes: head, start: 0, end: 0 }
  let headLength = 0
  let spanning: Buffer | undefined
  let spanningLength = 0

  const emit = (bytes: Buffer, at: number, length: number): void => {
    const last = at + length - 1
    if (bytes[last] !== frameEnd) throw new WireError(`a frame of ${length} bytes that ends in ${bytes[last]}`)
    frame.type = bytes[at] as number
    frame.channel = bytes.readUInt16BE(at + 1)
    frame.bytes = bytes
    frame.start = at + frameHeadBytes
    frame.end = last
    onFrame(frame)
  }
  /** Fills the frame that an earlier chunk began; gives how much of this one it took. */
  const resume = (chunk: Buffer): number => {
    let taken = 0
    if (spanning === undefined) {
      taken = chunk.copy(head, headLength)
      headLength += taken
      if (headLength < frameHeadBytes) return taken
      spanning = Buffer.allocUnsafeSlow(frameLength(head, 0))
      spanningLength = head.copy(spanning)
    }
    const copied = chunk.copy(spanning, spanningLength, taken)
    spanningLength += copied
    if (spanningLength === spanning.length) {
      const whole = spanning
      spanning = undefined
      headLength = 0
      emit(whole, 0, whole.length)
    }
    return taken + copied
  }

  return {
    push: (chunk) => {
      let at = headLength === 0 ? 0 : resume(chunk)
      while (chunk.length - at >= frameHeadBytes) {
        const length = frameLength(chunk, at)
        if (length > chunk.length - at) break
        emit(chunk, at, length)
        at += length
      }
      if (at < chunk.length) resume(chunk.subarray(at))
    },
  }
}

function frameLength(bytes: Buffer, at: number): number {
  const type = bytes[at] as number
  const length = bytes.readUInt32BE(at + 3) + frameOverheadBytes
  const isKnown = (type >= frameType.method && type <= frameType.body) || type === frameType.heartbeat
  if (!isKnown) {
    const text = bytes.toString('latin1', at, at + frameHeadBytes).replaceAll(/[^ -~]/g, '.')
    throw new WireError(`"${text}" where a frame should begin; ${checkPort}`)
  }
  if (length > maxFrameBytes) throw new WireError(`a frame of ${length} bytes, more than the agreed ${maxFrameBytes}`)
  return length
}
