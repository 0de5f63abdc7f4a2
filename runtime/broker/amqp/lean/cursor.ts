import { WireError } from './wire-error.ts'

/** A place in bytes that the server sent. Taking moves it; taking beyond `end` throws a `WireError`. */
export interface Cursor {
  bytes: Buffer
  at: number
  end: number
}

export function takeU8(cursor: Cursor): number {
  return cursor.bytes[skip(cursor, 1)] as number
}

export function takeU16(cursor: Cursor): number {
  return cursor.bytes.readUInt16BE(skip(cursor, 2))
}

export function takeU32(cursor: Cursor): number {
  return cursor.bytes.readUInt32BE(skip(cursor, 4))
}

/** Exact below 2^53; delivery tags and sizes never come near it. */
export function takeU64(cursor: Cursor): number {
  const at = skip(cursor, 8)
  return cursor.bytes.readUInt32BE(at) * 2 ** 32 + cursor.bytes.readUInt32BE(at + 4)
}

/** At most 255 bytes. */
export function takeShortText(cursor: Cursor): string {
  return takeText(cursor, takeU8(cursor))
}

export function takeLongText(cursor: Cursor): string {
  return takeText(cursor, takeU32(cursor))
}

export function skipShortText(cursor: Cursor): void {
  skip(cursor, takeU8(cursor))
}

/** Gives where the skipped bytes begin. */
export function skip(cursor: Cursor, count: number): number {
  const { at, end } = cursor
  if (count > end - at) throw new WireError(`a value of ${count} bytes where ${end - at} are left`)
  cursor.at = at + count
  return at
}

function takeText(cursor: Cursor, length: number): string {
  const at = skip(cursor, length)
  return cursor.bytes.toString('utf8', at, at + length)
}
