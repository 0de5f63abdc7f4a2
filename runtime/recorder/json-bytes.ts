/** Bytes of JSON that grow at their end. A digit costs a nanosecond, and nothing is left for the garbage collector. */
export interface JsonBytes {
  bytes: Buffer
  /** So many of them are written. */
  length: number
}

export function jsonBytes(size: number): JsonBytes {
  return { bytes: Buffer.allocUnsafeSlow(size), length: 0 }
}

const minus = 0x2d
const zero = 0x30
/** Up to here a whole number is told digit by digit. */
const mostInt = 0x7fff_ffff

export function putByte(to: JsonBytes, byte: number): void {
  reserve(to, 1)
  to.bytes[to.length] = byte
  to.length += 1
}

/** As `JSON.stringify` writes it: what is no number of JSON is `null`. */
export function putNumber(to: JsonBytes, value: number): void {
  if (!Number.isInteger(value) || value > mostInt || value < -mostInt) return putText(to, JSON.stringify(value))
  let left = value
  if (left < 0) {
    putByte(to, minus)
    left = -left
  }
  const digits = digitsOf(left)
  reserve(to, digits)
  const { bytes, length } = to
  for (let at = length + digits - 1; at >= length; at -= 1) {
    const rest = (left / 10) | 0
    bytes[at] = zero + left - rest * 10
    left = rest
  }
  to.length += digits
}

/** Text that is JSON already. */
export function putText(to: JsonBytes, text: string): void {
  reserve(to, Buffer.byteLength(text))
  to.length += to.bytes.write(text, to.length)
}

function digitsOf(value: number): number {
  let digits = 1
  for (let bound = 10; value >= bound; bound *= 10) digits += 1
  return digits
}

function reserve(to: JsonBytes, more: number): void {
  if (to.length + more <= to.bytes.length) return
  const { bytes } = to
  to.bytes = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, to.length + more))
  to.bytes.set(bytes.subarray(0, to.length))
}
