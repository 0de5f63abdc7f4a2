import fc from 'fast-check'

const names = ['data', 'id', 'name', 'items', 'sku', 'qty', 'price', 'tags', 'sub', 'first-name']

/** JSON of few names and few values, so that expressions over the same names often find something. */
export const arbitraryJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 3, arbitrary: fc.constantFrom(null, true, false, 0, 1, 2, -1.5, '', 'a', 'b', 'A', '10', 'x y') },
    { weight: 3, arbitrary: fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 4 }) },
    { weight: 2, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
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

interface Options {
  /** What a path may start with, beside names of the context. */
  readonly roots: readonly string[]
  /** Whether variables are bound, and parents named. */
  readonly withBindings?: boolean
}

/** Expressions of all of the language's kinds; most are of no use, all can be parsed or are refused by the parser. */
export function arbitraryExpression({ roots, withBindings = true }: Options): fc.Arbitrary<string> {
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
      ...(withBindings ? [{ weight: 1, arbitrary: fc.constantFrom('#$i', '@$v', '#$i[$i > 0]') }] : []),
    )
    const block = fc.oneof(
      text`(${value})`,
      text`{"k": ${value}, "l": ${value}}`,
      text`[${value}, ${value}]`,
      text`$string(${value})`,
      fc.constantFrom('*', '**', '$', ...(withBindings ? ['%', '$v', '$i'] : [])),
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
