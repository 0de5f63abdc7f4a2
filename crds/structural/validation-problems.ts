import { isJsonObject } from '../v1alpha1/meta.ts'
import { fieldAt } from './field-path.ts'
import type { Problem } from './problem.ts'
import { lineOf, propertiesOf, type SchemaNode } from './schema-node.ts'

const reasons: readonly unknown[] = [
  'FieldValueInvalid',
  'FieldValueForbidden',
  'FieldValueRequired',
  'FieldValueDuplicate',
]
const ruleKeys = ['rule', 'message', 'messageExpression', 'fieldPath', 'reason', 'optionalOldSelf']
const lineBreak = /[\n\r]/

/** CEL rules, as far as they can be judged without running them: each says in words what is wrong, and at which field. */
export function validationProblems(node: SchemaNode): Problem[] {
  const rules = node.schema['x-kubernetes-validations']
  if (!Array.isArray(rules)) return []
  return rules.flatMap((rule, at) =>
    ruleMessages(rule, node).map((message) => ({ path: node.path, message: `CEL rule ${at}: ${message}` })),
  )
}

function ruleMessages(rule: unknown, node: SchemaNode): string[] {
  if (!isJsonObject(rule)) return ['must be an object']
  return [
    ...Object.keys(rule)
      .filter((key) => !ruleKeys.includes(key))
      .map((key) => `${key} is not known`),
    ...textMessages(rule),
    ...fieldPathMessages(rule, node),
    ...oldSelfMessages(rule, node),
  ]
}

function textMessages({ rule, message, reason }: Readonly<Record<string, unknown>>): string[] {
  const text = typeof message === 'string' ? message.trim() : ''
  return [
    ...(typeof rule === 'string' && rule.trim() !== '' ? [] : ['rule is not specified']),
    ...(text === '' ? ['message is required: a user cannot be expected to read CEL'] : []),
    ...(lineBreak.test(text) ? ['message must not contain line breaks'] : []),
    ...(reason === undefined || reasons.includes(reason) ? [] : [`reason must be one of ${reasons.join(', ')}`]),
  ]
}

function fieldPathMessages({ fieldPath }: Readonly<Record<string, unknown>>, { schema }: SchemaNode): string[] {
  // A path leads to a field below the rule's own place: a scalar or a list has none.
  const hasFields = Object.keys(propertiesOf(schema)).length > 0
  if (fieldPath === undefined) return hasFields ? ['fieldPath is required: it says which field to change'] : []
  if (typeof fieldPath !== 'string') return ['fieldPath must be a string']
  return fieldAt(schema, fieldPath) === undefined ? [`fieldPath ${fieldPath} leads to no field here`] : []
}

function oldSelfMessages({ rule, optionalOldSelf }: Readonly<Record<string, unknown>>, node: SchemaNode): string[] {
  const usesOldSelf = typeof rule === 'string' && /\boldSelf\b/.test(rule)
  if (!usesOldSelf)
    return optionalOldSelf === undefined ? [] : ['optionalOldSelf may not be set where oldSelf is not used']
  return lineOf(node).some(isUncorrelatable) ? ['oldSelf cannot be used here: which old item this was is unknown'] : []
}

function isUncorrelatable({ as, parent }: SchemaNode): boolean {
  if (as === 'items') return parent?.schema['x-kubernetes-list-type'] !== 'map'
  return as !== undefined && parent?.schema['x-kubernetes-map-type'] === 'atomic'
}
