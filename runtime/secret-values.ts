import type { Json } from '../crds/v1alpha1/meta.ts'

/** Fields of credentials that say who, where and how. */
const publicFields = new Set(['username', 'in', 'name', 'prefix', 'clientId', 'consumerKey', 'tokenUrl', 'algorithm'])

/** Of a credential's fields those that are secret; of one that holds several values, all of them. */
export function secretValues(fields: Readonly<Record<string, Json>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => (publicFields.has(name) ? [] : textsOf(value)))
}

function textsOf(value: Json): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(textsOf)
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : []
}
