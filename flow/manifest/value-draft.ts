import type { Draft } from '../finding/draft.ts'
import { listed, nearestOf, quoted } from '../finding/suggest.ts'
import type { SchemaError } from './kind-schema.ts'

/** A text that is none of the words its field takes, or has not the form it asks for. */
export function valueDraft(value: unknown, { keyword, path, params }: SchemaError): Draft {
  const shown = quoted(String(value))
  const { allowedValues } = params
  if (keyword === 'enum' && Array.isArray(allowedValues)) {
    const allowed = allowedValues.map(String)
    const nearest = nearestOf(String(value), allowed)
    const hint = nearest === undefined ? '' : `: did you mean ${nearest}?`
    return { code: 'UnknownValue', path, message: `${shown} is none of ${listed(allowed)}${hint}` }
  }
  const rule = ruleOf(String(params['pattern']))
  return { code: 'WrongFormat', path, message: `${shown} does not fit: ${rule}` }
}

const label = 'use lower-case letters, digits and "-", with a letter or digit first and last'

/** Every pattern of the schemas, in words; a test keeps the list whole. */
const rules: Readonly<Record<string, string>> = {
  '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$': label,
  '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$':
    'use lower-case letters, digits, "-" and ".", with a letter or digit around each "."',
  '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$':
    'use letters, digits, "-", "_" and ".", with a letter or digit first and last',
  '^[A-Za-z][A-Za-z0-9_+/-]*$': 'write an IANA name, as Europe/Berlin or UTC',
  '^(/([A-Za-z0-9._~%-]+|\\{[A-Za-z_][A-Za-z0-9_]*\\}))+/?$':
    'write segments that each begin with "/", as /orders/{id}: letters, digits and . _ ~ % -, or {name} as a whole segment',
  "^[A-Za-z0-9!#$%&'*+.^_|~-]+$": 'write the name of a header, as X-Signature',
  '^[A-Za-z][A-Za-z0-9_.-]*$': 'write a code as OrderTooLarge: letters, digits, "_", "." and "-", a letter first',
  '^https?://[^\\s]+$': 'write an address that begins with https:// or http://',
  '^[^\\s]+$': 'write it without white space',
  '^[-._a-zA-Z][-._a-zA-Z0-9]*$': 'use letters, digits, "-", "." and "_", with no digit first',
  '^[-._a-zA-Z0-9]+$': 'use letters, digits, "-", "." and "_"',
}

/** What a text must look like, said to a person. */
function ruleOf(pattern: string): string {
  return rules[pattern] ?? `it must match ${pattern}`
}

export function hasRuleFor(pattern: string): boolean {
  return Object.hasOwn(rules, pattern)
}
