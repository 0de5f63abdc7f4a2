import type { Draft } from '../finding/draft.ts'
import type { Path } from '../finding/finding.ts'
import { listed, nearestOf, quoted } from '../finding/suggest.ts'
import type { ResourceKind } from './identify.ts'
import { kindSchema, schemaAt, type FieldSchema, type SchemaError } from './kind-schema.ts'
import { ourWordFor } from './peers-words.ts'
import { placeName, placeOf } from './place.ts'

/** Fields that are not known, and fields that are missing; one that is missing because it is misspelt is told once. */
export function fieldDrafts(kind: ResourceKind, errors: readonly SchemaError[]): readonly Draft[] {
  const unknown = errors.filter(({ keyword }) => keyword === 'additionalProperties').map((error) => advise(kind, error))
  const meant = new Set(unknown.map(({ at, field }) => `${JSON.stringify(at)} ${field}`))
  const missing = errors
    .filter(({ keyword }) => keyword === 'required')
    .filter(({ path, params }) => !meant.has(`${JSON.stringify(path)} ${String(params['missingProperty'])}`))
  return [...unknown.map(({ draft }) => draft), ...missing.map((error) => missingDraft(kind, error))]
}

interface Advice {
  readonly draft: Draft
  /** The map that has the unknown field. */
  readonly at: Path
  /** The field of that map that was meant. */
  readonly field: string | undefined
}

function advise(kind: ResourceKind, { path, params }: SchemaError): Advice {
  const word = String(params['additionalProperty'])
  const { hint, field } = hintFor(kind, path, word)
  const message = `${placeName(kind, path)} has no field ${quoted(word)}${hint}`
  return { draft: { code: 'UnknownField', path: [...path, word], key: true, message }, at: path, field }
}

/** The field of the map at the path that the word is, or was meant to be; undefined when nobody can tell. */
export function meantField(kind: ResourceKind, path: Path, word: string): string | undefined {
  const schema = schemaAt(kindSchema(kind), path)
  // Of a map with keys of the user's own, each is what it says.
  if (schema?.properties === undefined || Object.hasOwn(schema.properties, word)) return word
  // `"next" on the steps before it` and the like begin with the field.
  return /^"?(\w+)/.exec(hintFor(kind, path, word).field ?? '')?.[1]
}

function hintFor(kind: ResourceKind, path: Path, word: string): { readonly hint: string; readonly field?: string } {
  const ours = ourWordFor(word, placeOf(kind, path))
  if (ours !== undefined) return { hint: `: write ${ours}`, field: ours }
  const schema = kindSchema(kind)
  const fields = schemaAt(schema, path)?.properties ?? {}
  const inner = Object.keys(fields).find((name) => hasField(fields[name], word))
  if (inner !== undefined) return { hint: `: it stands within "${inner}"` }
  const outer = outerPlace(schema, path, word)
  if (outer !== undefined) return { hint: `: it belongs to ${placeName(kind, outer)}; mind the indentation` }
  const near = nearestOf(word, Object.keys(fields))
  if (near !== undefined) return { hint: `: did you mean "${near}"?`, field: near }
  const all = Object.keys(fields)
  return { hint: all.length === 0 ? ': it takes none, write {}' : `; there is ${listed(all)}` }
}

function hasField(schema: FieldSchema | undefined, word: string): boolean {
  const properties = schema?.properties ?? schema?.items?.properties
  return properties !== undefined && Object.hasOwn(properties, word)
}

/** The nearest map around the path that has such a field. */
function outerPlace(schema: FieldSchema, path: Path, word: string): Path | undefined {
  for (let length = path.length - 1; length >= 0; length -= 1) {
    const outer = path.slice(0, length)
    if (Object.hasOwn(schemaAt(schema, outer)?.properties ?? {}, word)) return outer
  }
  return undefined
}

const examples: Readonly<Record<string, string>> = {
  'Flow:spec.triggers.#.webhook auth': 'write who may call, or "auth: {none: {}}" for everybody',
  'Flow:spec.steps.#.next.# to': 'name the step that the edge leads to',
  'Flow:spec triggers': 'write what starts it, as "triggers: [{name: by-hand, manual: {}}]"',
}

function missingDraft(kind: ResourceKind, { path, params }: SchemaError): Draft {
  const field = String(params['missingProperty'])
  const example = examples[`${placeOf(kind, path)} ${field}`]
  const message = `${placeName(kind, path)} needs "${field}"${example === undefined ? '' : `: ${example}`}`
  return { code: 'MissingField', path, message }
}
