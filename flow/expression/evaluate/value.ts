/**
 * A list, with what JSONata notes on some of them. A sequence is a list that stands for its elements: with one it is that element,
 * with none it is missing.
 */
export interface List extends Array<unknown> {
  sequence?: true
  /** Written `[]`: a sequence of one stays a list. */
  keepSingleton?: true
  /** The elements are bindings (`@$x`, `#$i`, `%`) and not yet values. */
  tupleStream?: true
  /** Made by `[…]` as a step of a path: not flattened into the list around it. */
  cons?: true
}

export type Fields = Record<string, unknown>

export function isList(value: unknown): value is List {
  return Array.isArray(value)
}

export function isSequence(value: unknown): value is List {
  return Array.isArray(value) && (value as List).sequence === true // any array may be one
}

/** An object with members: no list, no function, not null. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function sequenceOf(...items: unknown[]): List {
  return asSequence(items)
}

/** Marks a list that nobody else has. */
export function asSequence(items: List): List {
  items.sequence = true
  return items
}

export function hasMembers(value: Fields): boolean {
  for (const name in value) if (Object.hasOwn(value, name)) return true
  return false
}

/** What a sequence stands for. */
export function settled(value: unknown, keepArray = false): unknown {
  if (!isSequence(value) || value.tupleStream === true) return value
  if (keepArray) value.keepSingleton = true
  if (value.length > 1) return value
  if (value.length === 0) return undefined
  return value.keepSingleton === true ? value : value[0]
}

/** Sets a member under any name, `__proto__` too. */
export function setMember(fields: Fields, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(fields, name, { value, writable: true, enumerable: true, configurable: true })
  } else fields[name] = value
}
