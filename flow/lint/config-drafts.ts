import { isJsonObject } from '../../crds/v1alpha1/meta.ts'
import type { ErrorObject } from 'ajv'
import type { Step } from '../../crds/v1alpha1/step.ts'
import type { FunctionContract } from '../component/component-contract.ts'
import type { Draft } from '../finding/draft.ts'
import type { Path } from '../finding/finding.ts'
import { pointerPath } from '../finding/pointer-path.ts'
import { listed, nearestOf, quoted } from '../finding/suggest.ts'
import { configSchema } from './config-schema.ts'

/** What a function's schema says against a step's config. Keys that `bind` or the credential may give are not missed. */
export function configDrafts(step: Step, called: FunctionContract, path: Path): readonly Draft[] {
  if (called.config === undefined) return []
  const schema = configSchema(called.config)
  if (schema.kind === 'unusable') {
    const message = `"config" was not judged: the schema of ${quoted(called.name)} cannot be used: ${schema.message}`
    return [{ code: 'SchemaUnusable', path: [...path, 'function'], message }]
  }
  const config = step.config ?? {}
  const errors = schema.errorsOf(config).filter((error) => isTold(error, step))
  return errors.map((error) => errorDraft(error, config, [...path, 'config']))
}

function isTold({ keyword, schemaPath, instancePath, params }: ErrorObject, step: Step): boolean {
  // The branches of a choice are told by the choice itself.
  if (/\/(anyOf|oneOf|then|else|not)\//.test(schemaPath)) return false
  if (instancePath !== '') return true
  const isFilledLater = step.credential !== undefined || step.bind !== undefined
  if (keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'if') return !isFilledLater
  if (keyword !== 'required') return true
  // Which fields a credential has is not known here.
  return step.credential === undefined && !Object.hasOwn(step.bind ?? {}, String(params['missingProperty']))
}

function errorDraft(error: ErrorObject, config: unknown, base: Path): Draft {
  const inner = pointerPath(error.instancePath, config)
  const path = [...base, ...inner]
  const at = inner.length === 0 ? 'config' : quoted(inner.join('.'))
  if (error.keyword === 'additionalProperties') return unknownKey(error, path, at)
  return { code: 'ConfigInvalid', path, message: `${at} ${inWords(error)}` }
}

function unknownKey({ params, parentSchema }: ErrorObject, path: Path, at: string): Draft {
  const key = String(params['additionalProperty'])
  const near = isJsonObject(parentSchema?.['properties'])
    ? nearestOf(key, Object.keys(parentSchema['properties']))
    : undefined
  const hint = near === undefined ? '' : `: did you mean "${near}"?`
  return { code: 'ConfigInvalid', path: [...path, key], key: true, message: `${at} has no field ${quoted(key)}${hint}` }
}

function inWords({ keyword, params, message = 'is not right' }: ErrorObject): string {
  switch (keyword) {
    case 'required':
      return `needs ${quoted(String(params['missingProperty']))}: the function's schema asks for it`
    case 'enum':
      return `must be one of ${listed(valuesOf(params['allowedValues']))}`
    case 'type':
      return `must be of type ${String(params['type']).replaceAll(',', ' or ')}`
    default:
      return message
  }
}

function valuesOf(values: unknown): readonly string[] {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)) : []
}
