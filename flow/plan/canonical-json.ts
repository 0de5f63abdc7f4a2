/** JSON with sorted keys and no spaces: equal for values that are equal whatever the order in which they were written. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const fields = value as Readonly<Record<string, unknown>> // an object that is no array
  let members = ''
  for (const key of Object.keys(fields).sort()) {
    if (fields[key] === undefined) continue
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(fields[key])}`
  }
  return `{${members}}`
}
