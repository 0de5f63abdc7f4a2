/** JSON with sorted keys and no spaces: equal for values that are equal whatever the order in which they were written. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = value as Readonly<Record<string, unknown>> // an object that is no array
  const members = Object.keys(fields)
    .sort()
    .flatMap((key) => (fields[key] === undefined ? [] : [`${JSON.stringify(key)}:${canonicalJson(fields[key])}`]))
  return `{${members.join(',')}}`
}
