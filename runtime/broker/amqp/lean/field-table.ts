import { skip, takeLongText, takeShortText, takeU32, takeU64, takeU8, type Cursor } from './cursor.ts'
import { WireError } from './wire-error.ts'

/** The type of a field as RabbitMQ writes it: the character's code. It departs from the specification in `s`, `l` and `x`. */
export type FieldType = number

/** Bytes of a value that is not preceded by its length; `L` is what only RabbitMQ reads. */
const widths = widthTable({ V: 0, t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, f: 4, D: 5, l: 8, L: 8, d: 8, T: 8 })
const [longText, bytes, table, array, bool] = ['S', 'x', 'F', 'A', 't'].map((type) => type.charCodeAt(0))
const measured: readonly (FieldType | undefined)[] = [longText, bytes, table, array]

/**
 * Visits each field of the table at the cursor, and leaves the cursor behind the table. The cursor stands at the
 * field's value; what the visitor does not take is skipped, so that no type needs to be understood, only measured.
 *
 * @param target handed to the visitor, so that a hot path needs no closure
 */
export function visitTable<Target>(
  cursor: Cursor,
  target: Target,
  visit: (target: Target, name: string, field: { readonly type: FieldType; readonly cursor: Cursor }) => void,
): void {
  const length = takeU32(cursor)
  const start = skip(cursor, length)
  const field = { type: 0, cursor: { bytes: cursor.bytes, at: start, end: start + length } }
  while (field.cursor.at < field.cursor.end) {
    const name = takeShortText(field.cursor)
    field.type = takeU8(field.cursor)
    const valueAt = field.cursor.at
    visit(target, name, field)
    if (field.cursor.at === valueAt) skipValue(field.cursor, field.type)
  }
}

/** Undefined, and nothing taken, when it is of another type. */
export function takeTextField(type: FieldType, cursor: Cursor): string | undefined {
  return type === longText ? takeLongText(cursor) : undefined
}

/** Undefined, and nothing taken, when it is of another type. */
export function takeBoolField(type: FieldType, cursor: Cursor): boolean | undefined {
  return type === bool ? takeU8(cursor) !== 0 : undefined
}

/** A whole number ≥ 0 of any width. Undefined, and nothing taken, when it is of another type. */
export function takeCountField(type: FieldType, cursor: Cursor): number | undefined {
  switch (String.fromCharCode(type)) {
    case 'b':
    case 'B':
      return takeU8(cursor)
    case 's':
    case 'u':
      return cursor.bytes.readUInt16BE(skip(cursor, 2))
    case 'I':
    case 'i':
      return takeU32(cursor)
    case 'l':
    case 'L':
      return takeU64(cursor)
    default:
      return undefined
  }
}

export function isTable(type: FieldType): boolean {
  return type === table
}

function skipValue(cursor: Cursor, type: FieldType): void {
  const width = widths[type]
  if (width !== undefined) skip(cursor, width)
  else if (measured.includes(type)) skip(cursor, takeU32(cursor))
  else throw new WireError(`a table field of the unknown type ${type}`)
}

function widthTable(widths: Readonly<Record<string, number>>): readonly (number | undefined)[] {
  const byCode: (number | undefined)[] = Array.from({ length: 256 })
  for (const [type, width] of Object.entries(widths)) byCode[type.charCodeAt(0)] = width
  return byCode
}
