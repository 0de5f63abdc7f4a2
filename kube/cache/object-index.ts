/** The values by which an object is found. */
export type Index<T> = (object: T) => readonly string[]

export interface ObjectIndexes<T> {
  readonly replace: (key: string, before: T | undefined, after: T | undefined) => void
  readonly keys: (index: string, value: string) => string[]
}

export function openIndexes<T>(indexes: Readonly<Record<string, Index<T>>>): ObjectIndexes<T> {
  const found = new Map(Object.keys(indexes).map((name) => [name, new Map<string, Set<string>>()]))
  const remove = (values: Map<string, Set<string>>, value: string, key: string): void => {
    const keys = values.get(value)
    keys?.delete(key)
    if (keys?.size === 0) values.delete(value)
  }
  return {
    replace: (key, before, after) => {
      for (const [name, values] of found) {
        const index = indexes[name] ?? (() => [])
        for (const value of before === undefined ? [] : index(before)) remove(values, value, key)
        for (const value of after === undefined ? [] : index(after)) {
          const keys = values.get(value)
          if (keys === undefined) values.set(value, new Set([key]))
          else keys.add(key)
        }
      }
    },
    keys: (index, value) => {
      const values = found.get(index)
      if (values === undefined) throw new RangeError(`there is no index "${index}"`)
      return [...(values.get(value) ?? [])]
    },
  }
}
