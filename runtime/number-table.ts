/**
 * Values by whole numbers of up to 32 bits, for what comes and goes with every message: it makes no garbage.
 *
 * A `Map` that is used so lays a new table aside every few hundred entries; a runner's heap held garbage much longer with Maps here
 * than it does without them.
 */
export interface NumberTable<Value> {
  /** Each value is at its number's lowest bits, or in the first free place behind. A power of two of places, or none. */
  values: (Value | undefined)[]
  numbers: number[]
  size: number
}

const fewestPlaces = 16

export function emptyTable<Value>(): NumberTable<Value> {
  return { values: [], numbers: [], size: 0 }
}

export function valueAt<Value>(table: NumberTable<Value>, number: number): Value | undefined {
  return table.values[placeOf(table, number)]
}

/** A value that was there under the number is replaced. */
export function putAt<Value extends object>(table: NumberTable<Value>, number: number, value: Value): void {
  // Half of the places stay free, so that the next free one is near.
  if (table.size * 2 >= table.values.length) grow(table)
  const place = placeOf(table, number)
  if (table.values[place] === undefined) table.size += 1
  table.values[place] = value
  table.numbers[place] = number
}

export function removeAt<Value>(table: NumberTable<Value>, number: number): void {
  const { values, numbers } = table
  const last = values.length - 1
  let hole = placeOf(table, number)
  if (values[hole] === undefined) return
  table.size -= 1
  for (let next = (hole + 1) & last; values[next] !== undefined; next = (next + 1) & last) {
    const fromHome = (next - (numbers[next] ?? 0)) & last
    if (fromHome < ((next - hole) & last)) continue
    values[hole] = values[next]
    numbers[hole] = numbers[next] ?? 0
    hole = next
  }
  values[hole] = undefined
}

/** In no order. */
export function valuesOf<Value>(table: NumberTable<Value>): Value[] {
  return table.values.filter((value) => value !== undefined) as Value[] // the filter says so
}

/** Where it is, or would be put. */
function placeOf<Value>({ values, numbers }: NumberTable<Value>, number: number): number {
  const last = values.length - 1
  let place = number & last
  while (values[place] !== undefined && numbers[place] !== number) place = (place + 1) & last
  return place
}

function grow<Value>(table: NumberTable<Value>): void {
  const { values, numbers } = table
  const length = Math.max(fewestPlaces, values.length * 2)
  table.values = Array.from<Value | undefined>({ length })
  table.numbers = Array.from({ length }, () => 0)
  for (const [at, value] of values.entries()) {
    if (value === undefined) continue
    const number = numbers[at] ?? 0
    const place = placeOf(table, number)
    table.values[place] = value
    table.numbers[place] = number
  }
}
