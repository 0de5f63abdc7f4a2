import type { References } from '../expression.ts'
import { everyStep } from '../expression.ts'
import { readsOf } from './reads.ts'
import type { Place } from './place.ts'
import type { SyntaxNode } from '../parse/syntax-tree.ts'

type Path = readonly string[]

/**
 * What an expression may read beyond its own message. It errs on the side of more: what cannot be known to be left alone counts
 * as read, and `$steps` used as a whole is the key `*`.
 */
export function referencesOf(tree: SyntaxNode): References {
  const places = readsOf(tree)
  const steps = Map.groupBy(
    places.filter(({ root }) => root === 'steps'),
    ({ path }) => path[0] ?? everyStep,
  )
  const trigger = places.filter(({ root }) => root === 'trigger')
  return {
    steps: Object.fromEntries([...steps].sort(byKey).map(([name, of]) => [name, shortest(of.map(pathInStep))])),
    trigger: shortest(trigger.map(({ path }) => known(path))),
    message: places.some(({ root }) => root === 'message'),
  }
}

function pathInStep({ path }: Place): Path {
  return known(path.slice(1))
}

/** The part of a path before the first member that is not known by name. */
function known(path: Place['path']): Path {
  const end = path.indexOf(null)
  return (end === -1 ? path : path.slice(0, end)) as Path // no null stands before the end
}

/** Without what a shorter path already reads, in a fixed order. */
function shortest(paths: readonly Path[]): Path[] {
  const unique = new Map(paths.map((path) => [JSON.stringify(path), path]))
  const kept = [...unique.values()].filter(
    (path) => !path.some((_, length) => unique.has(JSON.stringify(path.slice(0, length)))),
  )
  return kept
    .map((path) => [JSON.stringify(path), path] as const)
    .sort(byKey)
    .map(([, path]) => path)
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}
