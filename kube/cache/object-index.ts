/** The values by which an object is found. */
export type Index<T> = (object: T) => readonly string[]

export interface ObjectIndexes<T> {
  readonly replace: (key: string, before: T | undefined, after: T | undefined) => void
  readonly keys: (index: string, value: string) => string[]
}

export function openIndexes<T>(indexes: Readonly<Record<string, Index<T>>>): ObjectIndexes<T> {
  const found = new Map(Object.keys(indexes).map((name) => [name, new Map<string, Keys>()]))
  return {
    replace: (key, before, after) => {
      for (const [name, values] of found) {
        const index = indexes[name] ?? (() => [])
        for (const value of before === undefined ? [] : index(before)) remove(values, value, key)
        for (const value of after === undefined ? [] : index(after)) add(values, value, key)
      }
    },
    keys: (index, value) => {
      const values = found.get(index)
      if (values === undefined) throw new RangeError(`there is no index "${index}"`)
      const keys = values.get(value)
      return typeof keys === 'string' ? [keys] : [...(keys ?? [])]
    },
  }
}

/** Most values lead to one object, and a set of one takes several times the memory of what is in it. */
type Keys = string | Set<string>

function add(values: Map<string, Keys>, value: string, key: string): void {
  const keys = values.get(value)
  if (keys === undefined) values.set(value, key)
  else if (typeof keys !== 'string') keys.add(key)
  else if (keys !== key) values.set(value, new Set([keys, key]))
}

function remove(values: Map<string, Keys>, value: string, key: string): void {
  const keys = values.get(value)
  if (typeof keys !== 'object') {
    if (keys === key) values.delete(value)
    return
  }
  keys.delete(key)
  if (keys.size === 0) values.delete(value)
}
