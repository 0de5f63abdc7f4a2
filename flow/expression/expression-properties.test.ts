import fc from 'fast-check'
import jsonata from 'jsonata'
import { describe, expect, it } from 'vitest'
import type { Expression, Scope } from './expression.ts'
import { ExpressionError, everyStep } from './expression.ts'
import { parseExpression } from './parse-expression.ts'
import type { SyntaxPart } from './parse/read-tree.ts'
import { readTree } from './parse/read-tree.ts'
import { tokensOf } from './parse/tokens.ts'
import { prune } from './prune.ts'

const seed = 20_261_121
const limits = { timeMs: 600_000 }

const scope: Scope = {
  message: { data: {}, metadata: {}, attachments: {} },
  steps: {},
  trigger: { name: 'by-hand', kind: 'manual' },
  run: { id: 'run-1', startedAt: 1_700_000_000_000 },
  flow: { name: 'contacts', namespace: 'default', labels: {} },
  step: { name: 'shape' },
}

/** The result as JSON, `missing`, or the code of the failure. */
function outcomeOf(expression: Expression, of: Scope): string {
  try {
    return asText(expression.evaluate(of))
  } catch (error) {
    if (error instanceof ExpressionError) return error.code
    throw error
  }
}

function asText(value: unknown): string {
  return value === undefined
    ? 'missing'
    : JSON.stringify(value, (_, member: unknown) => (isFunction(member) ? marker : member))
}

const marker = 'a function'

function isFunction(value: unknown): boolean {
  const marked = value as { _jsonata_lambda?: unknown; _jsonata_function?: unknown } | null | undefined
  return typeof value === 'function' || marked?._jsonata_lambda === true || marked?._jsonata_function === true
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
  return value
}

async function outcomeOfJsonata(source: string, message: unknown): Promise<string> {
  try {
    return asText(await jsonata(source).evaluate(structuredClone(message)))
  } catch {
    return 'ExpressionFailed'
  }
}

describe('an expression', () => {
  it('gives what JSONata gives, and leaves its input as it was', async () => {
    const roots = ['data', '$$', '$$.data', '$x']
    await fc.assert(
      fc.asyncProperty(arbitraryExpression(roots), arbitraryJson, async (source, data) => {
        const parsed = parseExpression(source, limits)
        if (parsed.kind === 'invalid') {
          expect(() => jsonata(source)).toThrow()
          return
        }
        // Frozen: whatever would change it fails.
        const message = frozen({ data, metadata: {}, attachments: {} })
        const outcome = outcomeOf(parsed.expression, { ...scope, message })
        const reference = await outcomeOfJsonata(source, message)
        if (!reference.includes(marker)) expect(outcome).toBe(reference)
      }),
      { numRuns: 2_000, seed },
    )
  })

  it('is cut into tokens where JSONata cuts it', () => {
    const roots = [
      'data',
      '/a"b[/]/i',
      '"x\\"/*"',
      "'`'",
      '/* ( */ data',
      '1e3',
      'and',
      'in',
      'λ($a)<n /"/ >{$a}(1)',
      '`/`',
    ]
    fc.assert(
      fc.property(arbitraryExpression(roots), (source) => {
        const parts = partsOf(source)
        const ends = new Set(tokensOf(source).map(({ end }) => end))
        expect(parts.filter(({ position }) => position !== undefined && !ends.has(position))).toEqual([])
      }),
      { numRuns: 2_000, seed },
    )
  })

  it('reads nothing of other messages but its references', () => {
    const roots = [
      '$steps.check',
      '$steps.check.data',
      '$steps.check.data.items',
      '$steps',
      '$steps.`other`.data',
      '$trigger.data',
      '$trigger.request',
      '($x := $steps.check; $x.data)',
      '$x',
    ]
    fc.assert(
      fc.property(arbitraryExpression(roots), arbitraryJson, arbitraryJson, (source, data, other) => {
        const parsed = parseExpression(source, limits)
        if (parsed.kind === 'invalid') return
        const { references } = parsed.expression
        const whole: Scope = {
          ...scope,
          steps: { check: { data, metadata: {}, attachments: {} }, other: { data: other, metadata: { id: 1 } } },
          trigger: { name: 'by-hand', kind: 'manual', data: other },
        }
        const outcome = outcomeOf(parsed.expression, whole)
        expect(outcomeOf(parsed.expression, reduced(whole, references))).toBe(outcome)
        if (references.message) return
        const elsewhere = { data: other, metadata: { id: 1 }, attachments: {} }
        expect(outcomeOf(parsed.expression, { ...whole, message: elsewhere })).toBe(outcome)
      }),
      { numRuns: 4_000, seed },
    )
  })
})

function partsOf(source: string): readonly SyntaxPart[] {
  try {
    return readTree(source).parts
  } catch {
    return []
  }
}

function reduced(whole: Scope, { steps, trigger }: Expression['references']): Scope {
  const everywhere = steps[everyStep] ?? []
  const kept = Object.entries(whole.steps).map(([name, view]) => {
    const paths = [...(steps[name] ?? []), ...everywhere]
    return [name, paths.length === 0 ? undefined : prune(view, paths)] as const
  })
  return {
    ...whole,
    steps: Object.fromEntries(kept.filter(([, view]) => view !== undefined)) as Scope['steps'],
    trigger: prune(whole.trigger, trigger) as Scope['trigger'],
  }
}

const names = ['data', 'id', 'name', 'items', 'sku', 'qty', 'price', 'tags', 'sub', 'first-name']

/** JSON of few names and few values, so that expressions over the same names often find something. */
const arbitraryJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown; item: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 3, arbitrary: fc.constantFrom(null, true, false, 0, 1, 2, -1.5, '', 'a', 'b', 'A', '10', 'x y') },
    {
      weight: 2,
      arbitrary: fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    },
    { weight: 2, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
    {
      weight: 4,
      arbitrary: fc.record({ id: fc.nat(2), items: fc.array(tie('item'), { maxLength: 4 }), name: tie('value') }),
    },
  ),
  item: fc.record(
    {
      id: fc.nat(3),
      sku: fc.constantFrom('a', 'b', 'c'),
      qty: fc.integer({ min: -1, max: 3 }),
      tags: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
      sub: tie('value'),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
})).value

const name = fc.constantFrom('id', 'name', 'items', 'sku', 'qty', 'price', 'tags', 'sub', '`first-name`')
const literal = fc.constantFrom('1', '0', '2', '-1', '"a"', '"b"', '""', 'true', 'false', 'null', '[]', '{}')
const unary = ['$string', '$count', '$sum', '$exists', '$boolean', '$not', '$keys', '$type', '$reverse', '$distinct']
const more = [
  '$uppercase',
  '$length',
  '$number',
  '$spread',
  '$merge',
  '$max',
  '$min',
  '$average',
  '$sort',
  '$join',
  '$abs',
]

/** Expressions of all of the language's kinds; most are of no use, all can be parsed or are refused by the parser. */
function arbitraryExpression(roots: readonly string[]): fc.Arbitrary<string> {
  const root = fc.constantFrom(...roots)
  return fc.letrec<{ value: string; path: string; step: string }>((tie) => {
    const value = tie('value')
    const text = (strings: TemplateStringsArray, ...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
      fc.tuple(...parts).map((made) => strings.map((string, at) => string + (made[at] ?? '')).join(''))
    const suffix = fc.oneof(
      { weight: 6, arbitrary: fc.constant('') },
      { weight: 2, arbitrary: fc.constantFrom('[0]', '[-1]', '[]', '[1]') },
      { weight: 2, arbitrary: text`[${value}]` },
      { weight: 1, arbitrary: text`[${name} = ${value}]` },
      { weight: 1, arbitrary: text`^(${name})` },
      { weight: 1, arbitrary: text`^(>${name}, ${name})` },
      { weight: 1, arbitrary: fc.constantFrom('#$i', '@$v', '#$i[$i > 0]') },
    )
    const block = fc.oneof(
      text`(${value})`,
      text`{"k": ${value}, "l": ${value}}`,
      text`[${value}, ${value}]`,
      text`$string(${value})`,
      fc.constantFrom('*', '**', '$', '%', '$v', '$i'),
    )
    return {
      step: fc.oneof(
        { weight: 5, arbitrary: text`${name}${suffix}` },
        { weight: 2, arbitrary: text`${block}${suffix}` },
      ),
      path: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        root,
        name,
        text`${root}.${tie('step')}`,
        text`${tie('path')}.${tie('step')}`,
        text`${tie('path')}.${tie('step')}`,
        text`(${tie('path')})${suffix}`,
      ),
      value: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        { weight: 2, arbitrary: literal },
        { weight: 6, arbitrary: tie('path') },
        {
          weight: 2,
          arbitrary: text`${value} ${fc.constantFrom('+', '-', '*', '&', '=', '!=', '<', '>=', 'and', 'or', 'in', '??', '?:', '~>')} ${value}`,
        },
        { weight: 1, arbitrary: text`(${value} ? ${value} : ${value})` },
        { weight: 1, arbitrary: text`${fc.constantFrom(...unary, ...more)}(${value})` },
        { weight: 1, arbitrary: text`[${value}, ${value}]` },
        { weight: 1, arbitrary: text`{"a": ${value}, ${value}: ${value}}` },
        { weight: 1, arbitrary: text`${tie('path')}{${value}: ${value}}` },
        { weight: 1, arbitrary: text`(${fc.constantFrom('$x', '$y')} := ${value}; ${value})` },
        { weight: 1, arbitrary: text`$map(${value}, function($x, $y) { ${value} })` },
        { weight: 1, arbitrary: text`$filter(${value}, function($x) { ${value} })` },
        { weight: 1, arbitrary: text`$append(${value}, ${value})` },
        { weight: 1, arbitrary: text`$lookup(${value}, ${fc.constantFrom('"id"', '"items"', 'name')})` },
        { weight: 1, arbitrary: text`${tie('path')} ~> |${tie('path')}|${value}|` },
        { weight: 1, arbitrary: fc.constantFrom('$x', '$y', '$', '$.id') },
      ),
    }
  }).value
}
