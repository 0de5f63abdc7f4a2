/**
 * Whether everything that is wanted is there already; there may be more. Of a list of objects, each wanted one must be held by some other one, since
 * servers and others add to lists; a list of anything else must be the same. What is empty (`{}`, `[]`, null) counts as there when it is absent: servers
 * drop it.
 *
 * A value that the server writes in another way (`1000m` as `1`) counts as missing.
 */
export function holds(wanted: unknown, present: unknown): boolean {
  if (Array.isArray(wanted)) return holdsList(wanted, present)
  if (typeof wanted !== 'object' || wanted === null) return (wanted ?? null) === (present ?? null)
  if (present === undefined || present === null) return Object.values(wanted).every((value) => value === undefined)
  if (typeof present !== 'object' || Array.isArray(present)) return false
  const fields = present as Readonly<Record<string, unknown>>
  return Object.entries(wanted).every(([key, value]) => holds(value, fields[key]))
}

function holdsList(wanted: readonly unknown[], present: unknown): boolean {
  const there: readonly unknown[] = Array.isArray(present) ? present : []
  if (wanted.some((one) => typeof one !== 'object' || one === null))
    return wanted.length === there.length && wanted.every((one, at) => holds(one, there[at]))
  const left = [...there]
  return wanted.every((one) => {
    const at = left.findIndex((other) => holds(one, other))
    if (at !== -1) left.splice(at, 1)
    return at !== -1
  })
}

/** The same text for the same value, whatever the order of its keys. What is undefined is not there. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    const entries = Object.entries(inner).toSorted(([left], [right]) => (left < right ? -1 : 1))
    // Own keys alone: one may be named `__proto__`.
    return Object.fromEntries(entries)
  })
}
