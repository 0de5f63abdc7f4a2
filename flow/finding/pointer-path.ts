import type { Path } from './finding.ts'

/** A JSON pointer into the value as a path; whether a part is an index is told by the value. */
export function pointerPath(pointer: string, value: unknown): Path {
  const path: (string | number)[] = []
  let at = value
  for (const escaped of pointer.split('/').slice(1)) {
    const part = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
    const key = Array.isArray(at) ? Number(part) : part
    at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined
    path.push(key)
  }
  return path
}
