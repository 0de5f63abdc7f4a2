import type { Path } from '../finding/finding.ts'
import type { ResourceKind } from './identify.ts'
import { schemaErrors, type SchemaError } from './kind-schema.ts'
import { valueAt } from './schema-drafts.ts'

/** What of an object can still be linted, and what had to go for that. */
interface Salvage {
  readonly rest: Readonly<Record<string, unknown>>
  readonly mistakes: readonly Path[]
}

/** Mistakes that leave a value of the right type. */
const harmless: ReadonlySet<string> = new Set(['pattern', 'minLength', 'maxLength', 'minimum', 'maximum'])

/** The object without the fields that are unknown or of a wrong type; undefined when what is left is not whole either. */
export function withoutMistakes(
  kind: ResourceKind,
  object: Readonly<Record<string, unknown>>,
  errors: readonly SchemaError[],
): Salvage | undefined {
  const mistakes = errors.map(placeOfMistake)
  const toRemove = mistakes.filter((_, at) => !harmless.has(errors[at]?.keyword ?? ''))
  // Taking an entry out of a list would move the ones behind it away from their lines.
  if (toRemove.some((path) => typeof path.at(-1) !== 'string')) return undefined
  const rest = structuredClone(object)
  for (const path of toRemove) remove(rest, path)
  const isWhole = schemaErrors(kind, rest).every(({ keyword }) => harmless.has(keyword))
  return isWhole ? { rest, mistakes } : undefined
}

function placeOfMistake({ keyword, path, params }: SchemaError): Path {
  return keyword === 'additionalProperties' ? [...path, String(params['additionalProperty'])] : path
}

function remove(object: unknown, path: Path): void {
  const key = path.at(-1)
  const parent = valueAt(object, path.slice(0, -1))
  if (typeof parent === 'object' && parent !== null && typeof key === 'string') Reflect.deleteProperty(parent, key)
}
