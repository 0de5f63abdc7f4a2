import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { schemaOf } from '../../crds/schema-of.ts'
import type { Path } from '../finding/finding.ts'
import { pointerPath } from '../finding/pointer-path.ts'
import type { ResourceKind } from './identify.ts'

/** As much of a JSON Schema as messages need. */
export interface FieldSchema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, FieldSchema>>
  readonly additionalProperties?: FieldSchema | boolean
  readonly items?: FieldSchema
}

export interface SchemaError {
  readonly keyword: string
  readonly path: Path
  readonly params: Readonly<Record<string, unknown>>
}

const ajv = new Ajv({ allErrors: true, strict: false })
const validators = new Map<ResourceKind, ValidateFunction>()

/** What the kind's schema says against the object, cascades left out. */
export function schemaErrors(kind: ResourceKind, object: unknown): readonly SchemaError[] {
  const validate = validatorOf(kind)
  if (validate(object) || validate.errors == null) return []
  return withoutCascades(validate.errors).map(({ keyword, instancePath, params }) => ({
    keyword,
    path: pointerPath(instancePath, object),
    params,
  }))
}

/** The kind's schema, the status left open: that is the cluster's business. */
export function kindSchema(kind: ResourceKind): FieldSchema {
  const schema = schemaOf(kind) as FieldSchema // A JSON Schema, of which this is a part.
  if (schema.properties?.['status'] === undefined) return schema
  return { ...schema, properties: { ...schema.properties, status: {} } }
}

/** The schema of the value at the path, if it has one. */
export function schemaAt(schema: FieldSchema, path: Path): FieldSchema | undefined {
  let at: FieldSchema | undefined = schema
  for (const part of path) at = typeof part === 'number' ? at?.items : propertySchema(at, part)
  return at
}

function propertySchema(schema: FieldSchema | undefined, name: string): FieldSchema | undefined {
  const { properties = {}, additionalProperties } = schema ?? {}
  if (Object.hasOwn(properties, name)) return properties[name]
  return typeof additionalProperties === 'object' ? additionalProperties : undefined
}

function validatorOf(kind: ResourceKind): ValidateFunction {
  const known = validators.get(kind)
  if (known !== undefined) return known
  const validate = ajv.compile(kindSchema(kind))
  validators.set(kind, validate)
  return validate
}

/** Without the branches of an `anyOf`, and without what stands in a list that is too long anyway. */
function withoutCascades(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const crowded = errors.filter(({ keyword }) => keyword === 'maxItems' || keyword === 'maxProperties')
  return errors.filter(
    (error) =>
      !error.schemaPath.includes('/anyOf/') &&
      !crowded.some((list) => error.instancePath.startsWith(`${list.instancePath}/`)),
  )
}
