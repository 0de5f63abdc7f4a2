import type { Json, JsonObject } from '../../../crds/v1alpha1/meta.ts'

const secretName = /pass|secret|token|key|auth|credential|cookie|bearer|private/i
/** Shorter ones are in every other word. */
const shortestSecret = 6
const deepest = 5

/** The texts in a config that its names call secret; a credential's own values are known without a guess. */
export function secretsIn(config: JsonObject): string[] {
  return Object.entries(config).flatMap(([name, value]) => textsIn(value, secretName.test(name), 1))
}

function textsIn(value: Json, isSecret: boolean, depth: number): string[] {
  if (typeof value === 'string') return isSecret && value.length >= shortestSecret ? [value] : []
  if (typeof value !== 'object' || value === null || depth === deepest) return []
  return Object.entries(value).flatMap(([name, inner]) => textsIn(inner, isSecret || secretName.test(name), depth + 1))
}
