import type { Draft } from '../finding/draft.ts'
import type { Path } from '../finding/finding.ts'
import { boundsDraft, isBoundsKeyword } from './bounds-draft.ts'
import { fieldDrafts } from './field-drafts.ts'
import type { ResourceKind } from './identify.ts'
import type { SchemaError } from './kind-schema.ts'
import { typeDraft } from './type-draft.ts'
import { valueDraft } from './value-draft.ts'

/** What is wrong with an object's form: one draft a mistake, in words that say what to do. */
export function schemaDrafts(kind: ResourceKind, object: unknown, errors: readonly SchemaError[]): readonly Draft[] {
  return [...fieldDrafts(kind, errors), ...valueDrafts(kind, object, errors)]
}

/** Of several things that are wrong with one value only the most basic is told. */
const ranks = ['type', 'anyOf', 'enum', 'minLength', 'pattern']

function valueDrafts(kind: ResourceKind, object: unknown, errors: readonly SchemaError[]): readonly Draft[] {
  const worst = new Map<string, SchemaError>()
  for (const error of errors) {
    if (error.keyword === 'required' || error.keyword === 'additionalProperties') continue
    const place = JSON.stringify(error.path)
    const known = worst.get(place)
    if (known === undefined || rankOf(error) < rankOf(known)) worst.set(place, error)
  }
  return [...worst.values()].map((error) => oneValueDraft(kind, valueAt(object, error.path), error))
}

function rankOf({ keyword }: SchemaError): number {
  const rank = ranks.indexOf(keyword)
  return rank === -1 ? ranks.length : rank
}

function oneValueDraft(kind: ResourceKind, value: unknown, error: SchemaError): Draft {
  if (error.keyword === 'type' || error.keyword === 'anyOf') return typeDraft(kind, value, error)
  return isBoundsKeyword(error.keyword) ? boundsDraft(value, error) : valueDraft(value, error)
}

export function valueAt(object: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      typeof at === 'object' && at !== null ? (at as Readonly<Record<string | number, unknown>>)[part] : undefined, // Any key may be asked for.
    object,
  )
}
