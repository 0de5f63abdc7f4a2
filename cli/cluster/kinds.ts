import type { Resource } from '../../kube/kube-object.ts'
import { resources } from '../../crds/resources.ts'
import { nearestOf } from '../../flow/finding/suggest.ts'
import { UsageError } from '../usage-error.ts'

const shortNames: Readonly<Record<string, readonly string[]>> = {
  Flow: ['fl'],
  FlowRevision: ['flrev', 'revision', 'revisions'],
  Component: ['comp'],
  ClusterComponent: ['ccomp'],
  Credential: ['cred'],
  App: ['wapp'],
}

/** What people call a kind: `flows`, `flow`, `fl`, `flows.weir.dev`. */
function namesOf({ kind, plural, group }: Resource): readonly string[] {
  const singular = kind.toLowerCase()
  return [plural, singular, ...(shortNames[kind] ?? []), `${plural}.${group}`, `${singular}.${group}`]
}

const kinds: readonly Resource[] = Object.values(resources)

/** The kinds as completion offers them. */
export const kindNames: readonly string[] = [
  'flows',
  'components',
  'clustercomponents',
  'credentials',
  'apps',
  'revisions',
]

/** @throws {UsageError} when it is none */
export function kindOf(word: string): Resource {
  const typed = word.toLowerCase()
  const found = kinds.find((kind) => namesOf(kind).includes(typed))
  if (found !== undefined) return found
  const nearest = nearestOf(typed, kinds.flatMap(namesOf))
  const hint = nearest === undefined ? `: there are ${kindNames.join(', ')}` : `: did you mean "${nearest}"?`
  throw new UsageError(`there is no kind "${word}"${hint}`)
}

/** What is asked for: all of a kind, or those that are named. */
export interface Asked {
  readonly resource: Resource
  readonly names: readonly string[]
}

/**
 * As kubectl takes them: `flows`, `flow a b`, `flow/a component/b`, `flows,components`.
 *
 * @throws {UsageError} on a kind that is none, and when the two forms are mixed
 */
export function askedFor(words: readonly string[]): readonly Asked[] {
  const [first = '', ...names] = words
  if (words.every((word) => word.includes('/'))) return words.map((word) => oneOf(word))
  const mixed = words.find((word) => word.includes('/'))
  if (mixed !== undefined) throw new UsageError(`"${mixed}": name kinds either once in front, or with each name`)
  const resources = first.split(',').map(kindOf)
  if (resources.length > 1 && names.length > 0) throw new UsageError('names go with one kind: write KIND/NAME for each')
  return resources.map((resource) => ({ resource, names }))
}

function oneOf(word: string): Asked {
  const [kind = '', name = '', ...rest] = word.split('/')
  if (name === '' || rest.length > 0) throw new UsageError(`"${word}": write it as KIND/NAME`)
  return { resource: kindOf(kind), names: [name] }
}

/** A flow that is meant by `orders`, `flow/orders`. */
export function flowName(word: string): string {
  if (!word.includes('/')) return word
  const { resource, names } = oneOf(word)
  if (resource.kind !== 'Flow') throw new UsageError(`"${word}": a flow is meant here, as flow/NAME`)
  return names[0] ?? ''
}
