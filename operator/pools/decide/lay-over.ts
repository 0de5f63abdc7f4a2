import type { Fields } from './pool-wish.ts'

/** By which field the items of a list are told apart; lists that are not named here are replaced as a whole. */
const itemKeys: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
  hostAliases: 'ip',
}

/**
 * One piece of a manifest laid over another, as `kubectl patch` does: objects field by field, null takes a field away, containers, volumes, variables and
 * image secrets by name, mounts by path, ports by number, every other list as a whole. New items come behind the old ones.
 */
export function layOver(under: Fields, over: Fields): Fields {
  const result: Record<string, unknown> = { ...under }
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete result[key]
    else Object.defineProperty(result, key, { value: laid(key, result[key], value), ...ownField })
  }
  return result
}

/** A key may be `__proto__`: it is a field like any other. */
const ownField = { enumerable: true, configurable: true, writable: true }

function laid(key: string, under: unknown, over: unknown): unknown {
  const itemKey = Object.hasOwn(itemKeys, key) ? itemKeys[key] : undefined
  if (isFields(over)) return layOver(isFields(under) ? under : {}, over)
  if (itemKey === undefined || !Array.isArray(over) || !Array.isArray(under)) return over
  return laidItems(under, over, itemKey)
}

function laidItems(under: readonly unknown[], over: readonly unknown[], itemKey: string): readonly unknown[] {
  const items = [...under]
  for (const item of over) {
    const at = isFields(item) ? items.findIndex((other) => isFields(other) && other[itemKey] === item[itemKey]) : -1
    const before = items[at]
    if (isFields(item) && isFields(before)) items[at] = layOver(before, item)
    else items.push(item)
  }
  return items
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The items of a list that are objects; none of what is no list. */
export function itemsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {}
}
