import type { Path } from '../finding/finding.ts'

/** Whether the value at this path of a Flow is an expression: always a string, compiled at lint time. */
export function isExpressionPath(path: Path): boolean {
  const [root, list, , ...rest] = path
  if (root !== 'spec') return false
  const place = rest.map((part) => (typeof part === 'number' ? '#' : part)).join('.')
  if (list === 'triggers') return place === 'webhook.accepted.body'
  return list === 'steps' && stepPlaces.some((pattern) => pattern.test(place))
}

const stepPlaces: readonly RegExp[] = [
  /^(transform|transformMetadata|filter|split|log)$/,
  /^(set|bind)\.[^.]*/,
  /^next\.#\.(when|map)$/,
  /^wait\.until$/,
  /^fail\.message$/,
  /^respond\.(status|body|headers\..+)$/,
  /^deduplicate\.key$/,
]
