/** The value reduced to the paths that are read of it; a path `[]` is the whole. */
export function prune(value: object, paths: readonly (readonly string[])[]): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const [name] of paths) {
    if (name === undefined) return { ...value }
    const found: unknown = Object.hasOwn(value, name) ? value[name as keyof typeof value] : undefined
    if (found !== undefined) kept[name] = found
  }
  return kept
}
