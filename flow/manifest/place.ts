import type { Path } from '../finding/finding.ts'
import type { ResourceKind } from './identify.ts'

/** Where in a kind a map stands, list indices as `#`: `Flow:spec.steps.#`. */
export function placeOf(kind: ResourceKind, path: Path): string {
  return `${kind}:${path.map((part) => (typeof part === 'number' ? '#' : part)).join('.')}`
}

const names: Readonly<Record<string, string>> = {
  'Flow:spec': 'the spec of a Flow',
  'Flow:spec.triggers.#': 'a trigger',
  'Flow:spec.triggers.#.webhook.auth': '"auth"',
  'Flow:spec.steps.#': 'a step',
  'Flow:spec.steps.#.next.#': 'an edge',
  'Component:spec': 'the spec of a Component',
  'Component:spec.functions.#': 'a function',
  'ClusterComponent:spec': 'the spec of a ClusterComponent',
  'ClusterComponent:spec.functions.#': 'a function',
  'Credential:spec': 'the spec of a Credential',
}

/** How messages call the map at a path. */
export function placeName(kind: ResourceKind, path: Path): string {
  const known = names[placeOf(kind, path)]
  if (known !== undefined) return known
  const part = path.findLast((entry) => typeof entry === 'string')
  return part === undefined ? `a ${kind}` : `"${part}"`
}
