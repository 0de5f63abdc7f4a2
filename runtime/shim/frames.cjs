'use strict'

/**
 * What the runner and a component's process say to each other, both ways: `[u32 length][u8 type][u32 call][values…]`, big-endian.
 * The length counts what follows it. A value is a u32, or a text or byte string with its u32 length before it.
 */

/** Frame types. The comment names who sends it and with which values. */
const frame = Object.freeze({
  /** child: token */
  hello: 1,
  /** runner, in place of the call its origin: what calls of one step have in common, JSON; before the first of them */
  step: 2,
  /** runner: origin, attempt, run, message id, the rarer part of the context as JSON or nothing, config JSON, snapshot JSON, message JSON */
  call: 3,
  /** child: the function had to be loaded first, and is running now */
  started: 4,
  /** child: origin, emit number or 0 when nobody waits for the answer, emit kind, JSON */
  emit: 5,
  /** runner: emit number */
  confirm: 6,
  /** runner: emit number, reason */
  refuse: 7,
  /** child: by its dialect's rule; the runner still has emits to confirm */
  ended: 8,
  /** child: failure JSON */
  loadFailed: 9,
  /** child: log record JSON */
  log: 10,
  /** child: failure JSON; the process is about to exit */
  crash: 11,
  /** runner */
  ping: 12,
  /** child */
  pong: 13,
})

/** Kinds of an emit, by their number on the wire. */
const emitKinds = Object.freeze(
  /** @type {const} */ (['data', 'error', 'rebound', 'snapshot', 'updateSnapshot', 'updateKeys', 'httpReply']),
)

const lengthBytes = 4
const typeAndCallBytes = 5
const chunkBytes = 64 * 1024
/** Above this a frame is a mistake or an attack, never a message. */
const maxFrameBytes = 64 * 1024 * 1024

/** The values of one frame, read in the order they were written. Byte strings are views, not copies. */
class FrameValues {
  /**
   * @param {Buffer} buffer
   * @param {number} at
   * @param {number} end
   */
  constructor(buffer, at, end) {
    this.buffer = buffer
    this.at = at
    this.end = end
  }

  /** @returns {number} */
  number() {
    if (this.at + 4 > this.end) throw new RangeError('the frame is shorter than its values')
    const value = this.buffer.readUInt32BE(this.at)
    this.at += 4
    return value
  }

  /** @returns {Buffer} */
  bytes() {
    const start = this.skip()
    return this.buffer.subarray(start, this.at)
  }

  /** @returns {string} */
  text() {
    const start = this.skip()
    return this.buffer.toString('utf8', start, this.at)
  }

  /** @returns {number} where the byte string starts; it ends at `at` */
  skip() {
    const length = this.number()
    const start = this.at
    if (start + length > this.end) throw new RangeError('the frame is shorter than its values')
    this.at = start + length
    return start
  }
}

/**
 * Cuts a stream into frames.
 *
 * @param {(type: number, call: number, values: FrameValues) => void} onFrame
 * @returns {(chunk: Buffer) => void} throws a RangeError on what is no frame
 */
function frameReader(onFrame) {
  /** @type {Buffer[]} */
  let parts = []
  let heldBytes = 0
  let neededBytes = lengthBytes

  /** @param {Buffer} chunk */
  function withHeld(chunk) {
    if (heldBytes === 0) return chunk
    parts.push(chunk)
    heldBytes += chunk.length
    if (heldBytes < neededBytes) return undefined
    // Joined once, when the frame is whole: a large one comes in hundreds of pieces.
    const joined = Buffer.concat(parts, heldBytes)
    parts = []
    heldBytes = 0
    return joined
  }

  return function feed(incoming) {
    const chunk = withHeld(incoming)
    if (chunk === undefined) return
    let at = 0
    neededBytes = lengthBytes
    while (chunk.length - at >= lengthBytes) {
      const length = chunk.readUInt32BE(at)
      if (length < typeAndCallBytes || length > maxFrameBytes) throw new RangeError(`a frame of ${length} bytes`)
      const end = at + lengthBytes + length
      if (end > chunk.length) {
        neededBytes = end - at
        break
      }
      onFrame(chunk[at + 4], chunk.readUInt32BE(at + 5), new FrameValues(chunk, at + 9, end))
      at = end
    }
    if (at === chunk.length) return
    parts = [chunk.subarray(at)]
    heldBytes = chunk.length - at
  }
}

/**
 * Gathers frames and writes them once per turn of the event loop.
 *
 * @param {import('net').Socket} socket
 */
function frameWriter(socket) {
  const encoder = frameEncoder((bytes) => socket.write(bytes))
  let isScheduled = false
  /** @type {[number, number][]} */
  let last = []

  function schedule() {
    if (isScheduled) return
    isScheduled = true
    socket.cork()
    setImmediate(flush)
  }

  /** Safe to call at any time. */
  function flush() {
    if (!isScheduled) return
    for (const [type, call] of last) encoder.add(type, call, [])
    last = []
    isScheduled = false
    encoder.writeOut()
    socket.uncork()
  }

  /**
   * @param {number} type
   * @param {number} call
   * @param {...(number | string | Buffer)} values
   */
  function send(type, call, ...values) {
    schedule()
    encoder.add(type, call, values)
  }

  /** A frame without values behind all others of this turn. @param {number} type @param {number} call */
  function sendLast(type, call) {
    schedule()
    last.push([type, call])
  }

  return { send, sendLast, flush }
}

/** Puts frames into large chunks, and hands those on when they are full or wanted. @param {(bytes: Buffer) => void} write */
function frameEncoder(write) {
  let chunk = Buffer.allocUnsafe(chunkBytes)
  let startAt = 0
  let endAt = 0

  /** What is written out is never touched again. */
  function writeOut() {
    if (endAt > startAt) write(chunk.subarray(startAt, endAt))
    startAt = endAt
  }

  /** @param {number} bytes */
  function reserve(bytes) {
    if (endAt + bytes <= chunk.length) return
    writeOut()
    chunk = Buffer.allocUnsafe(Math.max(chunkBytes, bytes))
    startAt = 0
    endAt = 0
  }

  /** @param {string | Buffer} value */
  function addBytes(value) {
    const lengthAt = endAt
    endAt += lengthBytes
    endAt += typeof value === 'string' ? chunk.write(value, endAt) : value.copy(chunk, endAt)
    chunk.writeUInt32BE(endAt - lengthAt - lengthBytes, lengthAt)
  }

  /** @param {number} type @param {number} call @param {(number | string | Buffer)[]} values */
  function add(type, call, values) {
    let mostBytes = lengthBytes + typeAndCallBytes
    for (const value of values) mostBytes += lengthBytes + mostBytesOf(value)
    reserve(mostBytes)
    const lengthAt = endAt
    chunk[lengthAt + lengthBytes] = type
    endAt = chunk.writeUInt32BE(call, lengthAt + lengthBytes + 1)
    for (const value of values) {
      if (typeof value === 'number') endAt = chunk.writeUInt32BE(value, endAt)
      else addBytes(value)
    }
    chunk.writeUInt32BE(endAt - lengthAt - lengthBytes, lengthAt)
  }

  return { add, writeOut }
}

/** Up to this a string's bytes are not counted before they are written. */
const shortText = 16 * 1024

/** @param {number | string | Buffer} value */
function mostBytesOf(value) {
  if (typeof value === 'number') return 0
  // Three bytes are the most that one UTF-16 unit takes.
  if (typeof value === 'string') return value.length < shortText ? value.length * 3 : Buffer.byteLength(value)
  return value.length
}

module.exports = { frame, emitKinds, maxFrameBytes, frameReader, frameWriter, FrameValues }
