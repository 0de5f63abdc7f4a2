'use strict'

/**
 * What the runner and a component's process say to each other, both ways: `[u32 length][u8 type][u32 call][values…]`, big-endian.
 * The length counts what follows it. A value is a u32, or a text or byte string with its u32 length before it.
 */

/** Frame types. The comment names who sends it and with which values. */
const frame = Object.freeze({
  /** child: token */
  hello: 1,
  /** runner: head JSON, config JSON, snapshot JSON, message JSON */
  call: 2,
  /** child: the function had to be loaded first, and is running now */
  started: 3,
  /** child: origin, emit number, emit kind, JSON */
  emit: 4,
  /** runner: emit number */
  confirm: 5,
  /** runner: emit number, reason */
  refuse: 6,
  /** child */
  ended: 7,
  /** child: failure JSON */
  loadFailed: 8,
  /** child: log record JSON */
  log: 9,
  /** child: failure JSON; the process is about to exit */
  crash: 10,
  /** runner */
  ping: 11,
  /** child */
  pong: 12,
})

/** Kinds of an emit, by their number on the wire. */
const emitKinds = Object.freeze(['data', 'error', 'rebound', 'snapshot', 'updateSnapshot', 'updateKeys', 'httpReply'])

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
  let chunk = Buffer.allocUnsafe(chunkBytes)
  let startAt = 0
  let endAt = 0
  let isScheduled = false

  function writeOut() {
    if (endAt > startAt) socket.write(chunk.subarray(startAt, endAt))
    startAt = endAt
  }

  /** Safe to call at any time. */
  function flush() {
    if (!isScheduled) return
    isScheduled = false
    writeOut()
    socket.uncork()
  }

  /** @param {number} bytes */
  function reserve(bytes) {
    if (endAt + bytes > chunk.length) {
      writeOut()
      chunk = Buffer.allocUnsafe(Math.max(chunkBytes, bytes))
      startAt = 0
      endAt = 0
    }
    if (isScheduled) return
    isScheduled = true
    socket.cork()
    setImmediate(flush)
  }

  /** @param {string | Buffer} value @param {number} length */
  function writeBytes(value, length) {
    endAt = chunk.writeUInt32BE(length, endAt)
    if (typeof value === 'string') chunk.write(value, endAt, length, 'utf8')
    else value.copy(chunk, endAt)
    endAt += length
  }

  /**
   * @param {number} type
   * @param {number} call
   * @param {...(number | string | Buffer)} values
   */
  function send(type, call, ...values) {
    const lengths = values.map(lengthOf)
    const length = lengths.reduce((sum, each) => sum + each + 4, typeAndCallBytes)
    reserve(lengthBytes + length)
    endAt = chunk.writeUInt32BE(length, endAt)
    endAt = chunk.writeUInt8(type, endAt)
    endAt = chunk.writeUInt32BE(call, endAt)
    values.forEach((value, index) => {
      if (typeof value === 'number') endAt = chunk.writeUInt32BE(value, endAt)
      else writeBytes(value, lengths[index])
    })
  }

  return { send, flush }
}

/** @param {number | string | Buffer} value */
function lengthOf(value) {
  if (typeof value === 'number') return 0
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length
}

module.exports = { frame, emitKinds, maxFrameBytes, frameReader, frameWriter, FrameValues }
