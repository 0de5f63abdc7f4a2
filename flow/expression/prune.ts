/**
 * A value reduced to the paths that are read of it; arrays on the way keep all their elements, each reduced.
 * What is neither object nor array stays as it is. A path `[]` is the whole. The value itself is not changed.
 */
export function prune(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (paths.some((path) => path.length === 0)) return value
  if (Array.isArray(value)) return value.map((item) => prune(item, paths))
  if (typeof value !== 'object' || value === null) return value
  return pruneObject(value as Readonly<Record<string, unknown>>, paths)
}

function pruneObject(value: Readonly<Record<string, unknown>>, paths: readonly (readonly string[])[]): unknown {
  const below = Map.groupBy(paths, ([name]) => name ?? '')
  const kept = [...below]
    .filter(([name]) => Object.hasOwn(value, name))
    .map(
      ([name, rest]) =>
        [
          name,
          prune(
            value[name],
            rest.map((path) => path.slice(1)),
          ),
        ] as const,
    )
  return Object.fromEntries(kept)
}
