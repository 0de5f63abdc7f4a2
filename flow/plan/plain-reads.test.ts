import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseExpression } from '../expression/parse-expression.ts'
import { plainReads } from './plain-reads.ts'

/** Paths in a fixed order, without what a shorter one reads already: what it all comes to. */
function canonical(paths: readonly (readonly string[])[]): string[] {
  const keys = [...new Set(paths.map((path) => path.join('.')))].sort()
  return keys.filter((key) => !keys.some((other) => (other === '' ? key !== '' : key.startsWith(`${other}.`))))
}

function readsOf(reads: ReturnType<typeof plainReads>) {
  if (reads === undefined) return undefined
  const steps = Object.entries(reads.steps).map(([name, paths]) => [name, canonical(paths)] as const)
  return { steps: Object.fromEntries(steps), trigger: canonical(reads.trigger) }
}

function compiled(source: string) {
  const parsed = parseExpression(source)
  return parsed.kind === 'ok' ? readsOf(parsed.expression.references) : undefined
}

describe('plainReads', () => {
  it.each([
    '$steps.check.data.id',
    '{"name": data.first & " " & data.last, "from": $trigger.name, "found": $steps.check.data.id}',
    '$steps . check . data',
    '$steps.a and $steps.b.data.x or $trigger.data in [1, 2]',
    'data.x ? $steps.a.data : $trigger.request.headers',
    `"$steps.no.data" & '$steps.no.data' & $steps.yes.data`,
    '"it\\"s $steps.no.data" & $steps.yes.data',
    '$sum($steps.a.data.n) - $count($steps.b.data.list)',
  ])('tells of %s what compiling it tells', (source) => {
    expect(readsOf(plainReads(source))).toEqual(compiled(source))
    expect(compiled(source)).toBeDefined()
  })

  it.each([
    '$steps',
    '$trigger',
    '$lookup($steps, data.name)',
    '$steps.a.data[x > 1].y',
    '$steps.a.(data.x)',
    '$steps.a.*',
    '$steps.`fetch-orders`.data',
    '$steps.a.data.x / 2',
    '/* $steps */ $steps.a.data',
    '($steps := {"a": 1}; $steps.a)',
    '$map([1], function($steps) { $steps.a })',
    '$steps.a.data.list@$x.y',
    'data.list@ $trigger.name',
    'data.list # $trigger.name',
    '$steps.a.data.list^(y)',
    '$steps.a.data{x: y}',
    '$steps.a.data ~> $keys()',
    '$eval("$steps.a") & $steps.b.data',
  ])('leaves %s to the compiler', (source) => {
    expect(plainReads(source)).toBeUndefined()
  })

  const pieces = [
    ['$steps', '$trigger', '$steps.a', '$steps.a.data', '$steps.b.data.x', '$trigger.data', '.x', '.y', '"', "'"],
    [
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      ',',
      ';',
      ':=',
      ':',
      '&',
      '+',
      '-',
      '*',
      '/',
      '%',
      '?',
      '=',
      '<',
      '~>',
      '^',
      '@',
      '#',
    ],
    ['1', 'x', 'data', '$x', '$sum', 'and', 'in', 'function($steps)', '"a"', '`', '\\', '/*', '*/', '$eval', 'é'],
    [' ', '\n', '\u00a0', '.', '..', '$', '$$', '%.', '!='],
  ].flat()
  const piece = fc.constantFrom(...pieces)

  it('never tells anything else than compiling does, of any expression', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
        const source = pieces.join('')
        const want = compiled(source)
        const reads = readsOf(plainReads(source))
        if (want !== undefined && reads !== undefined) expect(reads).toEqual(want)
      }),
      { numRuns: 5000 },
    )
  })

  it('does so of what people write, too', () => {
    const path = fc.constantFrom(
      '$steps.a.data.x',
      '$steps.b.metadata',
      '$trigger.data.y',
      'data.z',
      '$steps.a.data',
      '"s"',
      '1',
    )
    const expression = fc.letrec<{ all: string }>((tie) => ({
      all: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        path,
        fc
          .tuple(tie('all'), fc.constantFrom('&', '+', ' and ', '=', ' in ', '<'), tie('all'))
          .map((parts) => parts.join(' ')),
        tie('all').map((one) => `$string(${one})`),
        tie('all').map((one) => `{"k": ${one}}`),
        fc.tuple(tie('all'), tie('all')).map(([one, other]) => `[${one}, ${other}]`),
        fc.tuple(tie('all'), tie('all')).map(([one, other]) => `(${one} ? ${other} : 0)`),
      ),
    })).all
    fc.assert(
      fc.property(expression, (source) => {
        const want = compiled(source)
        fc.pre(want !== undefined)
        expect(readsOf(plainReads(source))).toEqual(want)
      }),
      { numRuns: 500 },
    )
  })
})
