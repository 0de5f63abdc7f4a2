import { describe, expect, it } from 'vitest'
import type { JsonSchema } from './json-schema.ts'
import { StructuralError } from './problem.ts'
import { toStructural } from './to-structural.ts'

const text = { type: 'string', maxLength: 10 }
const named = { type: 'object', properties: { name: text }, required: ['name'] }
const keyedList = {
  type: 'array',
  maxItems: 5,
  items: named,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
}

/** A resource whose spec has one field, `it`. */
function resource(it: JsonSchema): JsonSchema {
  return {
    type: 'object',
    properties: {
      apiVersion: text,
      kind: text,
      metadata: { type: 'object', properties: { name: text } },
      spec: { type: 'object', properties: { it } },
    },
  }
}

function without(schema: JsonSchema, ...keywords: string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !keywords.includes(keyword)))
}

function problemsOf(schema: JsonSchema): string[] {
  try {
    toStructural(schema)
    return []
  } catch (error) {
    if (!(error instanceof StructuralError)) throw error
    return error.problems.map(({ path, message }) => `${path}: ${message}`)
  }
}

const rule = { rule: 'has(self.name)', message: 'give it a name', fieldPath: '.name' }

describe('toStructural accepts', () => {
  it.each<{ name: string; it: JsonSchema }>([
    { name: 'a bounded string', it: text },
    { name: 'a string of an enum', it: { type: 'string', enum: ['a', 'b'] } },
    { name: 'an instant', it: { type: 'string', format: 'date-time' } },
    { name: 'a number', it: { type: 'number', minimum: 0.1 } },
    { name: 'an exclusive limit, as OpenAPI has it', it: { type: 'number', minimum: 0, exclusiveMinimum: true } },
    { name: 'a list with a key', it: keyedList },
    { name: 'a list that is a set', it: { type: 'array', maxItems: 5, items: text, 'x-kubernetes-list-type': 'set' } },
    { name: 'an atomic list', it: { type: 'array', maxItems: 5, items: named, 'x-kubernetes-list-type': 'atomic' } },
    {
      name: 'a set of atomic lists',
      it: {
        type: 'array',
        maxItems: 2,
        'x-kubernetes-list-type': 'set',
        items: { type: 'array', maxItems: 2, 'x-kubernetes-list-type': 'atomic', items: text },
      },
    },
    {
      name: 'a set of atomic objects',
      it: {
        type: 'array',
        maxItems: 2,
        'x-kubernetes-list-type': 'set',
        items: { ...named, 'x-kubernetes-map-type': 'atomic' },
      },
    },
    ...['.name', "['name']", '.in.name', ".in['name']", "['odd name']", '.free.key'].map((fieldPath) => ({
      name: `the field path ${fieldPath}`,
      it: {
        type: 'object',
        properties: {
          name: text,
          in: named,
          'odd name': text,
          free: { type: 'object', maxProperties: 2, additionalProperties: text },
        },
        'x-kubernetes-validations': [{ ...rule, fieldPath }],
      },
    })),
    { name: 'a bounded map', it: { type: 'object', additionalProperties: text, maxProperties: 3 } },
    { name: 'an object without fields', it: { type: 'object' } },
    {
      name: 'unknown fields under a bounded key',
      it: { type: 'object', maxProperties: 9, 'x-kubernetes-preserve-unknown-fields': true },
    },
    { name: 'an int-or-string', it: { 'x-kubernetes-int-or-string': true, maxLength: 9 } },
    {
      name: 'an int-or-string that names its types in anyOf',
      it: { 'x-kubernetes-int-or-string': true, maxLength: 9, anyOf: [{ type: 'integer' }, { type: 'string' }] },
    },
    { name: 'a CEL rule', it: { ...named, 'x-kubernetes-validations': [rule] } },
    {
      name: 'a rule on a list, which has no field to point at',
      it: { ...keyedList, 'x-kubernetes-validations': [without(rule, 'fieldPath')] },
    },
    {
      name: 'oldSelf in an item that has a key',
      it: { ...keyedList, items: { ...named, 'x-kubernetes-validations': [{ ...rule, rule: 'self == oldSelf' }] } },
    },
    {
      name: 'branches that only narrow',
      it: { ...named, anyOf: [{ required: ['name'] }, { properties: { name: { pattern: '^a' } } }] },
    },
    { name: 'a default that fits', it: { type: 'integer', minimum: 1, default: 3 } },
    {
      name: 'an embedded resource',
      it: {
        type: 'object',
        maxProperties: 9,
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
      },
    },
  ])('$name', ({ it: field }) => {
    expect(problemsOf(resource(field))).toEqual([])
  })
})

describe('toStructural refuses, with the path,', () => {
  it.each<{ name: string; it: JsonSchema; want: string[] }>([
    // Words that a structural schema does not have.
    ...['$schema', 'id', '$id', '$defs', 'patternProperties', 'dependencies', 'additionalItems'].map((keyword) => ({
      name: keyword,
      it: { ...text, [keyword]: {} },
      want: [`spec.it: ${keyword} is not supported`],
    })),
    ...['propertyNames', 'prefixItems', 'if', 'contains', 'readOnly'].map((keyword) => ({
      name: `the unknown keyword ${keyword}`,
      it: { ...text, [keyword]: {} },
      want: [`spec.it: ${keyword} is not a keyword that an API server knows`],
    })),
    {
      name: 'a tuple',
      it: { ...keyedList, items: [text, text], 'x-kubernetes-list-type': 'atomic', 'x-kubernetes-list-map-keys': [] },
      want: ['spec.it: items must be one schema: a tuple is not supported'],
    },
    {
      name: 'uniqueItems',
      it: { ...keyedList, uniqueItems: true },
      want: [
        'spec.it: uniqueItems must be left out: comparing all with all is too slow; use x-kubernetes-list-type: set',
      ],
    },
    {
      name: 'a numeric exclusiveMinimum',
      it: { type: 'number', exclusiveMinimum: 0 },
      want: ['spec.it: exclusiveMinimum must be a boolean beside minimum or maximum: a number cannot be decoded'],
    },
    {
      name: 'a numeric exclusiveMaximum',
      it: { type: 'number', exclusiveMaximum: 9 },
      want: ['spec.it: exclusiveMaximum must be a boolean beside minimum or maximum: a number cannot be decoded'],
    },
    {
      name: 'a bound that is no count',
      it: { type: 'string', maxLength: -1 },
      want: ['spec.it: maxLength must be a whole number from 0'],
    },
    {
      name: 'a limit that is no number',
      it: { type: 'number', minimum: '1' },
      want: ['spec.it: minimum must be a number'],
    },
    {
      name: 'nullable that is no boolean',
      it: { ...text, nullable: 'yes' },
      want: ['spec.it: nullable must be a boolean'],
    },
    {
      name: 'required that is no list of names',
      it: { ...named, required: [1] },
      want: [
        'spec.it: required must be a list of strings',
        'spec.it: 1 is required but is not among the properties: it would be pruned',
      ],
    },
    { name: 'an enum that is no list', it: { ...text, enum: 'a' }, want: ['spec.it: enum must be a list'] },
    {
      name: 'preserve-unknown-fields false',
      it: { ...named, 'x-kubernetes-preserve-unknown-fields': false },
      want: ['spec.it: x-kubernetes-preserve-unknown-fields must be true, or left out'],
    },
    {
      name: 'look-ahead in a pattern',
      it: { ...text, pattern: '^(?!x)' },
      want: [expect.stringMatching(/^spec\.it: pattern must be one that RE2 takes: /)],
    },
    {
      name: 'a back-reference in a pattern',
      it: { ...text, pattern: String.raw`(a)\1` },
      want: [expect.stringMatching(/^spec\.it: pattern must be one that RE2 takes: /)],
    },

    // Types.
    {
      name: 'no type',
      it: { description: 'anything' },
      want: ['spec.it: type is required; any value at all is not a type'],
    },
    { name: 'type null', it: { type: 'null' }, want: ['spec.it: type cannot be null: use nullable'] },
    {
      name: 'several types',
      it: { type: ['string', 'number'] },
      want: ['spec.it: type must be one: string or number is several'],
    },
    {
      name: 'a type that is none',
      it: { type: 'date' },
      want: ['spec.it: type must be one of object, array, string, number, integer, boolean'],
    },
    {
      name: 'a union of types',
      it: { anyOf: [text, { type: 'number' }] },
      want: [
        'spec.it: type is required; a union of types is none: write one object whose branches are optional fields, and a CEL rule',
        'spec.it.anyOf[0]: type must not stand inside allOf, anyOf, oneOf or not',
        'spec.it.anyOf[1]: type must not stand inside allOf, anyOf, oneOf or not',
      ],
    },
    {
      name: 'a list that does not say of what',
      it: without(keyedList, 'items', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys'),
      want: ['spec.it: items must be specified', 'spec.it: x-kubernetes-list-type is required: atomic, set or map'],
    },
    { name: 'items of what is no list', it: { ...text, items: text }, want: ['spec.it: items belong to an array'] },
    {
      name: 'fields of what is no object',
      it: { ...text, properties: { a: text } },
      want: ['spec.it: properties belong to an object'],
    },
    {
      name: 'a required field that is not listed',
      it: { ...named, required: ['name', 'nmae'] },
      want: ['spec.it: nmae is required but is not among the properties: it would be pruned'],
    },
    {
      name: 'a type beside int-or-string',
      it: { ...text, 'x-kubernetes-int-or-string': true },
      want: ['spec.it: type must not stand beside x-kubernetes-int-or-string'],
    },
    {
      name: 'unknown fields beside int-or-string',
      it: { maxLength: 9, 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true },
      want: [
        'spec.it: x-kubernetes-preserve-unknown-fields must not stand beside x-kubernetes-int-or-string',
        'spec.it: type object with maxProperties is required: nothing is without a bound',
      ],
    },

    // Maps and embedded resources.
    {
      name: 'additionalProperties false',
      it: { type: 'object', maxProperties: 1, additionalProperties: false },
      want: ['spec.it: additionalProperties must be a schema: unknown fields are pruned anyway'],
    },
    {
      name: 'additionalProperties beside properties',
      it: { ...named, maxProperties: 3, additionalProperties: text },
      want: ['spec.it: additionalProperties and properties are mutually exclusive'],
    },
    {
      name: 'a map type of what is no object',
      it: { ...text, 'x-kubernetes-map-type': 'atomic' },
      want: ['spec.it: x-kubernetes-map-type belongs to an object'],
    },
    {
      name: 'an unknown map type',
      it: { ...named, 'x-kubernetes-map-type': 'set' },
      want: ['spec.it: x-kubernetes-map-type must be atomic or granular'],
    },
    {
      name: 'an embedded resource that is no object',
      it: { ...text, 'x-kubernetes-embedded-resource': true },
      want: [
        'spec.it: an embedded resource must be an object',
        'spec.it: an embedded resource needs properties, or keeps unknown fields',
      ],
    },
    {
      name: 'an embedded resource with free keys',
      it: { type: 'object', maxProperties: 2, additionalProperties: text, 'x-kubernetes-embedded-resource': true },
      want: [
        'spec.it: an embedded resource cannot have additionalProperties',
        'spec.it: an embedded resource needs properties, or keeps unknown fields',
      ],
    },
    {
      name: 'an embedded resource whose kind is a number',
      it: { type: 'object', properties: { kind: { type: 'number' } }, 'x-kubernetes-embedded-resource': true },
      want: ['spec.it: kind must be a string'],
    },

    // Lists.
    {
      name: 'a list without a list type',
      it: without(keyedList, 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys'),
      want: ['spec.it: x-kubernetes-list-type is required: atomic, set or map'],
    },
    {
      name: 'an unknown list type',
      it: { ...without(keyedList, 'x-kubernetes-list-map-keys'), 'x-kubernetes-list-type': 'bag' },
      want: ['spec.it: x-kubernetes-list-type must be atomic, set or map'],
    },
    {
      name: 'a list type of what is no list',
      it: { ...text, 'x-kubernetes-list-type': 'set' },
      want: ['spec.it: x-kubernetes-list-type belongs to an array'],
    },
    {
      name: 'keys of a list that is no map',
      it: { ...keyedList, 'x-kubernetes-list-type': 'atomic' },
      want: ['spec.it: x-kubernetes-list-map-keys belong to a list of type map'],
    },
    {
      name: 'a keyed list without keys',
      it: without(keyedList, 'x-kubernetes-list-map-keys'),
      want: ['spec.it: x-kubernetes-list-map-keys must not be empty'],
    },
    {
      name: 'a key named twice',
      it: { ...keyedList, 'x-kubernetes-list-map-keys': ['name', 'name'] },
      want: ['spec.it: x-kubernetes-list-map-keys names a key twice'],
    },
    {
      name: 'a key that is no field',
      it: { ...keyedList, 'x-kubernetes-list-map-keys': ['id'] },
      want: ["spec.it: the list's key id is not a field of its items"],
    },
    {
      name: 'a key that is an object',
      it: { ...keyedList, items: { ...named, properties: { name: named } } },
      want: ["spec.it: the list's key name must be a scalar"],
    },
    {
      name: 'a key that may be absent',
      it: { ...keyedList, items: without(named, 'required') },
      want: ["spec.it: the list's key name must be required or have a default"],
    },
    {
      name: 'a key that may be null',
      it: { ...keyedList, items: { ...named, properties: { name: { ...text, nullable: true } } } },
      want: ["spec.it: the list's key name cannot be nullable"],
    },
    {
      name: 'a keyed list of scalars',
      it: { ...keyedList, items: text },
      want: ['spec.it: items of a list of type map must be objects'],
    },
    {
      name: 'a keyed list with null in it',
      it: { ...keyedList, items: { ...named, nullable: true } },
      want: ['spec.it: items of a list of type map cannot be nullable'],
    },
    {
      name: 'a set with null in it',
      it: { type: 'array', maxItems: 2, 'x-kubernetes-list-type': 'set', items: { ...text, nullable: true } },
      want: ['spec.it: items of a list of type set cannot be nullable'],
    },
    {
      name: 'a set of objects that merge',
      it: { type: 'array', maxItems: 2, 'x-kubernetes-list-type': 'set', items: named },
      want: ['spec.it: objects in a set must have x-kubernetes-map-type: atomic'],
    },
    {
      name: 'a set of sets',
      it: {
        type: 'array',
        maxItems: 2,
        'x-kubernetes-list-type': 'set',
        items: { type: 'array', maxItems: 2, 'x-kubernetes-list-type': 'set', items: text },
      },
      want: ['spec.it: lists in a set must be atomic'],
    },

    // Bounds.
    {
      name: 'a string without a bound',
      it: { type: 'string' },
      want: ['spec.it: maxLength is required: nothing is without a bound'],
    },
    {
      name: 'a string that has only a pattern',
      it: { type: 'string', pattern: '^a+$' },
      want: ['spec.it: maxLength is required: nothing is without a bound'],
    },
    {
      name: 'a list without a bound',
      it: without(keyedList, 'maxItems'),
      want: ['spec.it: maxItems is required: nothing is without a bound'],
    },
    {
      name: 'a list of strings without a bound',
      it: { ...keyedList, items: { ...named, properties: { name: { type: 'string' } } } },
      want: ['spec.it[].name: maxLength is required: nothing is without a bound'],
    },
    {
      name: 'a map without a bound',
      it: { type: 'object', additionalProperties: text },
      want: ['spec.it: maxProperties is required: nothing is without a bound'],
    },
    {
      name: 'a map of strings without a bound',
      it: { type: 'object', maxProperties: 3, additionalProperties: { type: 'string' } },
      want: ['spec.it{}: maxLength is required: nothing is without a bound'],
    },
    {
      name: 'unknown fields without a bound',
      it: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      want: ['spec.it: maxProperties is required: nothing is without a bound'],
    },
    {
      name: 'unknown values of any type',
      it: { 'x-kubernetes-preserve-unknown-fields': true },
      want: ['spec.it: type object with maxProperties is required: nothing is without a bound'],
    },
    {
      name: 'an int-or-string without a bound',
      it: { 'x-kubernetes-int-or-string': true },
      want: ['spec.it: maxLength is required: nothing is without a bound'],
    },

    // Defaults.
    {
      name: 'a default inside a list',
      it: { ...keyedList, items: { ...named, properties: { name: text, age: { type: 'integer', default: 1 } } } },
      want: ['spec.it[].age: a default must not be set inside the items of a list'],
    },
    {
      name: 'a default inside a map',
      it: { type: 'object', maxProperties: 2, additionalProperties: { type: 'integer', default: 1 } },
      want: ['spec.it{}: a default must not be set inside the values of a map'],
    },
    {
      name: 'a default of another type',
      it: { type: 'integer', default: 'one' },
      want: ['spec.it: the default does not fit: it must be integer'],
    },
    {
      name: 'a default beyond a bound',
      it: { ...text, default: 'longer than that' },
      want: ['spec.it: the default does not fit: it must NOT have more than 10 characters'],
    },
    {
      name: 'a default with a field that would be pruned',
      it: { ...named, default: { name: 'a', age: 1 } },
      want: ['spec.it: the default does not fit: it must NOT have additional properties'],
    },

    {
      name: 'a default for an embedded resource',
      it: {
        type: 'object',
        maxProperties: 3,
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
        default: { kind: 'Pod' },
      },
      want: ['spec.it: a default must not be set for a whole embedded resource'],
    },
    {
      name: 'an embedded resource in the metadata of another',
      it: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        properties: {
          metadata: {
            type: 'object',
            maxProperties: 3,
            'x-kubernetes-embedded-resource': true,
            'x-kubernetes-preserve-unknown-fields': true,
          },
        },
      },
      want: ['spec.it.metadata: an embedded resource must not stand in the metadata of another'],
    },

    // CEL rules.
    ...['', '.', '.name.', '.name.first', 'name', '..name', "['name'", '.name[0]'].map((fieldPath) => ({
      name: `the field path "${fieldPath}"`,
      it: { ...named, 'x-kubernetes-validations': [{ ...rule, fieldPath }] },
      want: [`spec.it: CEL rule 0: fieldPath ${fieldPath} leads to no field here`],
    })),
    {
      name: 'a rule that did not parse as JSON',
      it: { ...named, 'x-kubernetes-validations': '[{rule' },
      want: ['spec.it: x-kubernetes-validations must be a list'],
    },
    {
      name: 'a rule that is no object',
      it: { ...named, 'x-kubernetes-validations': ['self'] },
      want: ['spec.it: CEL rule 0: must be an object'],
    },
    {
      name: 'a rule without a rule',
      it: { ...named, 'x-kubernetes-validations': [{ ...rule, rule: ' ' }] },
      want: ['spec.it: CEL rule 0: rule is not specified'],
    },
    {
      name: 'a rule without a message',
      it: { ...named, 'x-kubernetes-validations': [without(rule, 'message')] },
      want: ['spec.it: CEL rule 0: message is required: a user cannot be expected to read CEL'],
    },
    {
      name: 'a message of two lines',
      it: { ...named, 'x-kubernetes-validations': [{ ...rule, message: 'a\nb' }] },
      want: ['spec.it: CEL rule 0: message must not contain line breaks'],
    },
    {
      name: 'a rule without a field path',
      it: { ...named, 'x-kubernetes-validations': [rule, without(rule, 'fieldPath')] },
      want: ['spec.it: CEL rule 1: fieldPath is required: it says which field to change'],
    },
    {
      name: 'a field path to nowhere',
      it: { ...named, 'x-kubernetes-validations': [{ ...rule, fieldPath: '.nmae' }] },
      want: ['spec.it: CEL rule 0: fieldPath .nmae leads to no field here'],
    },
    {
      name: 'a field path that is none',
      it: { ...named, 'x-kubernetes-validations': [{ ...rule, fieldPath: 'name' }] },
      want: ['spec.it: CEL rule 0: fieldPath name leads to no field here'],
    },
    {
      name: 'a field path that is no string',
      it: { ...named, 'x-kubernetes-validations': [{ ...rule, fieldPath: 1 }] },
      want: ['spec.it: CEL rule 0: fieldPath must be a string'],
    },
    {
      name: 'an unknown reason',
      it: { ...named, 'x-kubernetes-validations': [{ ...rule, reason: 'Bad' }] },
      want: [
        'spec.it: CEL rule 0: reason must be one of FieldValueInvalid, FieldValueForbidden, FieldValueRequired, FieldValueDuplicate',
      ],
    },
    {
      name: 'an unknown key of a rule',
      it: { ...named, 'x-kubernetes-validations': [{ ...rule, path: '.name' }] },
      want: ['spec.it: CEL rule 0: path is not known'],
    },
    {
      name: 'oldSelf in an atomic list',
      it: {
        ...keyedList,
        'x-kubernetes-list-type': 'atomic',
        'x-kubernetes-list-map-keys': [],
        items: { ...named, 'x-kubernetes-validations': [{ ...rule, rule: 'self == oldSelf' }] },
      },
      want: ['spec.it[]: CEL rule 0: oldSelf cannot be used here: which old item this was is unknown'],
    },
    {
      name: 'oldSelf in an atomic object',
      it: {
        type: 'object',
        'x-kubernetes-map-type': 'atomic',
        properties: { in: { ...named, 'x-kubernetes-validations': [{ ...rule, rule: 'self == oldSelf' }] } },
      },
      want: ['spec.it.in: CEL rule 0: oldSelf cannot be used here: which old item this was is unknown'],
    },
    {
      name: 'optionalOldSelf without oldSelf',
      it: { ...named, 'x-kubernetes-validations': [{ ...rule, optionalOldSelf: true }] },
      want: ['spec.it: CEL rule 0: optionalOldSelf may not be set where oldSelf is not used'],
    },

    // Inside anyOf and the like.
    ...['type', 'title', 'description', 'default', 'nullable', 'additionalProperties'].map((keyword) => ({
      name: `${keyword} inside anyOf`,
      it: {
        ...named,
        anyOf: [{ [keyword]: keyword === 'nullable' ? true : keyword === 'additionalProperties' ? {} : 'x' }],
      },
      want: [`spec.it.anyOf[0]: ${keyword} must not stand inside allOf, anyOf, oneOf or not`],
    })),
    ...['allOf', 'oneOf'].map((junctor) => ({
      name: `a type inside ${junctor}`,
      it: { ...named, [junctor]: [{ required: ['name'] }, { type: 'object' }] },
      want: [`spec.it.${junctor}[1]: type must not stand inside allOf, anyOf, oneOf or not`],
    })),
    {
      name: 'a type inside not',
      it: { ...named, not: { type: 'object' } },
      want: ['spec.it.not: type must not stand inside allOf, anyOf, oneOf or not'],
    },
    {
      name: 'an extension inside anyOf',
      it: { ...named, anyOf: [{ 'x-kubernetes-list-type': 'set' }] },
      want: ['spec.it.anyOf[0]: x-kubernetes-list-type must not stand inside allOf, anyOf, oneOf or not'],
    },
    {
      name: 'an unknown keyword inside anyOf',
      it: { ...named, anyOf: [{ propertyNames: {} }] },
      want: ['spec.it.anyOf[0]: propertyNames is not a keyword that an API server knows'],
    },
    {
      name: 'a bad pattern inside anyOf',
      it: { ...named, anyOf: [{ properties: { name: { pattern: '(' } } }] },
      want: [expect.stringMatching(/^spec\.it\.anyOf\[0\]\.name: pattern must be one that RE2 takes: /)],
    },
    {
      name: 'a type in a junctor within a junctor',
      it: { ...named, allOf: [{ anyOf: [{ type: 'object' }] }] },
      want: ['spec.it.allOf[0].anyOf[0]: type must not stand inside allOf, anyOf, oneOf or not'],
    },
    {
      name: 'a field inside anyOf that the structure does not have',
      it: { ...named, anyOf: [{ properties: { age: { minimum: 1 } } }] },
      want: ['spec.it.anyOf[0].age: age must also be among the properties outside'],
    },
    {
      name: 'items inside anyOf that the structure does not have',
      it: { ...named, anyOf: [{ items: { minLength: 1 } }] },
      want: ['spec.it.anyOf[0][]: items must also be specified outside'],
    },
    {
      name: 'a type of items inside anyOf',
      it: { ...keyedList, anyOf: [{ items: { type: 'object' } }] },
      want: ['spec.it.anyOf[0][]: type must not stand inside allOf, anyOf, oneOf or not'],
    },
    {
      name: 'metadata inside anyOf',
      it: { ...named, anyOf: [{ properties: { metadata: {} } }] },
      want: ['spec.it.anyOf[0].metadata: metadata must not be narrowed in a nested place'],
    },

    {
      name: 'the types of an int-or-string where there is none',
      it: { ...text, anyOf: [{ type: 'integer' }, { type: 'string' }] },
      want: [
        'spec.it.anyOf[0]: type must not stand inside allOf, anyOf, oneOf or not',
        'spec.it.anyOf[1]: type must not stand inside allOf, anyOf, oneOf or not',
      ],
    },
    { name: 'anyOf that is no list', it: { ...named, anyOf: 1 }, want: ['spec.it: anyOf must be a list'] },

    // References.
    {
      name: 'a reference to nowhere',
      it: { $ref: '#/definitions/Nobody' },
      want: [
        'spec.it: $ref #/definitions/Nobody leads nowhere',
        'spec.it: type is required; any value at all is not a type',
      ],
    },
  ])('$name', ({ it: field, want }) => {
    expect(problemsOf(resource(field))).toEqual(want)
  })

  it.each<{ name: string; schema: JsonSchema; want: string[] }>([
    { name: 'a root that is no object', schema: text, want: [': the root must be an object'] },
    { name: 'a root that may be null', schema: { ...named, nullable: true }, want: [': the root cannot be nullable'] },
    {
      name: 'a root with free keys',
      schema: { type: 'object', maxProperties: 2, additionalProperties: text },
      want: [': additionalProperties must not be used at the root'],
    },
    {
      name: 'metadata that is no object',
      schema: { type: 'object', properties: { metadata: text } },
      want: [': metadata must be an object', ': metadata must not specify anything but name and generateName'],
    },
    {
      name: 'metadata whose labels are narrowed',
      schema: {
        type: 'object',
        properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
      },
      want: [': metadata must not specify anything but name and generateName'],
    },
    {
      name: 'metadata whose labels are narrowed beside its name',
      schema: {
        type: 'object',
        properties: { metadata: { type: 'object', properties: { name: text, labels: { type: 'object' } } } },
      },
      want: [': metadata must not specify anything but name and generateName'],
    },
    {
      name: 'metadata that is described',
      schema: { type: 'object', properties: { metadata: { type: 'object', description: 'what' } } },
      want: [': metadata must not specify anything but name and generateName'],
    },
    {
      name: 'an apiVersion that is a number',
      schema: { type: 'object', properties: { apiVersion: { type: 'number' } } },
      want: [': apiVersion must be a string'],
    },
    {
      name: 'a default of the kind',
      schema: { type: 'object', properties: { kind: { ...text, default: 'Flow' } } },
      want: ['kind: a default must not be set in apiVersion, kind or metadata'],
    },
    {
      name: 'a default inside metadata',
      schema: {
        type: 'object',
        properties: { metadata: { type: 'object', properties: { name: { ...text, default: 'a' } } } },
      },
      want: ['metadata.name: a default must not be set in apiVersion, kind or metadata'],
    },
    {
      name: 'a type that contains itself',
      schema: {
        type: 'object',
        properties: { tree: { $ref: '#/definitions/Tree' } },
        definitions: { Tree: { type: 'object', properties: { left: { $ref: '#/definitions/Tree' } } } },
      },
      want: [
        'tree.left: the type contains itself; a schema cannot: keep unknown fields here, or list the levels',
        'tree.left: type is required; any value at all is not a type',
      ],
    },
  ])('$name', ({ schema, want }) => {
    expect(problemsOf(schema)).toEqual(want)
  })

  it.each<{ name: string; it: JsonSchema; path: string }>([
    { name: 'a list', it: { ...keyedList, items: { $ref: '#/definitions/Nobody' } }, path: 'spec.it[]' },
    {
      name: 'a map',
      it: { type: 'object', maxProperties: 2, additionalProperties: { $ref: '#/definitions/Nobody' } },
      path: 'spec.it{}',
    },
    { name: 'anyOf', it: { ...named, anyOf: [{ $ref: '#/definitions/Nobody' }] }, path: 'spec.it' },
    { name: 'not', it: { ...named, not: { $ref: '#/definitions/Nobody' } }, path: 'spec.it' },
  ])('a dead reference in $name', ({ it: field, path }) => {
    expect(problemsOf(resource(field))).toContain(`${path}: $ref #/definitions/Nobody leads nowhere`)
  })

  it('in words that name every path', () => {
    expect(() => toStructural({ ...resource({ type: 'string' }), nullable: true })).toThrow(
      'not a structural schema:\n  (root): the root cannot be nullable\n  spec.it: maxLength is required: nothing is without a bound',
    )
  })

  it('all problems at once', () => {
    const schema = resource({ type: 'object', properties: { a: { type: 'string' }, b: { type: 'null' } } })
    expect(problemsOf(schema)).toEqual([
      'spec.it.a: maxLength is required: nothing is without a bound',
      'spec.it.b: type cannot be null: use nullable',
    ])
  })
})

describe('toStructural spells in OpenAPI', () => {
  it.each<{ name: string; it: JsonSchema; want: JsonSchema }>([
    {
      name: 'const as an enum of one',
      it: { type: 'string', const: 'Flow' },
      want: { type: 'string', enum: ['Flow'] },
    },
    {
      name: 'a type that may be null as nullable',
      it: { type: ['string', 'null'], maxLength: 5 },
      want: { type: 'string', maxLength: 5, nullable: true },
    },
    {
      name: 'a branch null as nullable',
      it: { anyOf: [text, { type: 'null' }], description: 'words' },
      want: { ...text, description: 'words', nullable: true },
    },
    {
      name: 'an object that may not have fields as one without',
      it: { type: 'object', additionalProperties: { not: {} } },
      want: { type: 'object' },
    },
    {
      name: 'additionalProperties true as what happens anyway',
      it: { ...named, additionalProperties: true },
      want: named,
    },
    {
      name: 'an int-or-string without its types',
      it: { type: ['number', 'string'], maxLength: 9, 'x-kubernetes-int-or-string': true },
      want: { maxLength: 9, 'x-kubernetes-int-or-string': true },
    },
    {
      name: 'any JSON under a key that keeps unknown fields',
      it: {
        type: 'object',
        maxProperties: 5,
        'x-kubernetes-preserve-unknown-fields': true,
        additionalProperties: { $ref: '#/definitions/Json' },
      },
      want: { type: 'object', maxProperties: 5, 'x-kubernetes-preserve-unknown-fields': true },
    },
    {
      name: 'a reference as what it names, its own words winning',
      it: { $ref: '#/definitions/Label', description: 'mine' },
      want: { type: 'string', maxLength: 52, description: 'mine' },
    },
    {
      name: 'several branches and null as nullable',
      it: { ...named, anyOf: [{ required: ['name'] }, { minProperties: 1 }, { type: 'null' }] },
      want: { ...named, anyOf: [{ required: ['name'] }, { minProperties: 1 }], nullable: true },
    },
    {
      name: 'inside allOf, oneOf and not',
      it: {
        ...named,
        allOf: [{ properties: { name: { const: 'a' } } }],
        oneOf: [{ properties: { name: { const: 'a' } } }],
        not: { properties: { name: { const: 'b' } } },
      },
      want: {
        ...named,
        allOf: [{ properties: { name: { enum: ['a'] } } }],
        oneOf: [{ properties: { name: { enum: ['a'] } } }],
        not: { properties: { name: { enum: ['b'] } } },
      },
    },
    {
      name: 'inside the values of a map',
      it: { type: 'object', maxProperties: 2, additionalProperties: { type: 'string', const: 'a' } },
      want: { type: 'object', maxProperties: 2, additionalProperties: { type: 'string', enum: ['a'] } },
    },
    {
      name: 'deep inside lists and maps too',
      it: { ...keyedList, items: { ...named, properties: { name: { ...text, const: 'a' } } } },
      want: { ...keyedList, items: { ...named, properties: { name: { ...text, enum: ['a'] } } } },
    },
  ])('$name', ({ it: field, want }) => {
    const definitions = { Label: { type: 'string', maxLength: 52, description: 'theirs' } }
    const spec = (toStructural({ ...resource(field), definitions })['properties'] as Record<string, JsonSchema>)['spec']
    expect(spec).toEqual({ type: 'object', properties: { it: want } })
  })
})
