import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { ExpressionLimits, Scope } from './expression.ts'
import { ExpressionError } from './expression.ts'
import { parseExpression } from './parse-expression.ts'

const scope: Scope = {
  message: {
    data: {
      text: 'x'.repeat(1_000_000),
      numbers: Array.from({ length: 100_000 }, (_, at) => at),
      objects: Array.from({ length: 20_000 }, (_, id) => ({ id, group: `g${id % 7}` })),
      wide: Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`n${at}`, at])),
    },
    metadata: {},
    attachments: {},
  },
  steps: {},
  trigger: { name: 'by-hand', kind: 'manual' },
  run: { id: 'run-1', startedAt: 1_700_000_000_000 },
  flow: { name: 'contacts', namespace: 'default', labels: {} },
  step: { name: 'shape' },
}

function evaluate(source: string, limits: Partial<ExpressionLimits> = {}): unknown {
  const parsed = parseExpression(source, limits)
  if (parsed.kind === 'invalid') throw new Error(`${source}: ${parsed.message}`)
  return parsed.expression.evaluate(scope)
}

function codeOf(source: string, limits: Partial<ExpressionLimits> = {}): string {
  try {
    evaluate(source, limits)
  } catch (error) {
    if (error instanceof ExpressionError) return error.code
    throw error
  }
  return 'no failure'
}

/** Two to the power of 60 values, in 60 objects or lists. */
const sharedObjects = '$reduce([1..60], function($a, $b) { {"a": $a, "b": $a} }, {})'
const sharedLists = '$reduce([1..60], function($a, $b) { [[$a], [$a]] }, [{"x": 1}])'

const tooLarge = [
  '[1..9999999]',
  '[1..9999999999]',
  '[1..1000].[1..1000000]',
  '[1..2000].([1..2000].([1..2000]))',
  '$map([1..2000], function($i) { [1..2000] })',
  '$pad("x", 100000000)',
  '$pad("x", -1e12)',
  '$pad("x", 0/0)',
  '$map([1..1000], function($i) { $pad("x", 9000000) })',
  '$join([1..500000].("xxxxxxxxxxxxxxxxxxxxxxxxxxx"))',
  '$reduce([1..60], function($a, $b) { $a & $a }, "x")',
  '$reduce([1..60], function($a, $b) { $append($a, $a) }, [1])',
  '$reduce([1..60], function($a, $b) { [$a, $a] }, [1])',
  sharedObjects,
  sharedLists,
  `$string(${sharedObjects})`,
  `$string(${sharedLists}, true)`,
  `$clone(${sharedObjects})`,
  `"x" & ${sharedLists}`,
  `${sharedLists}.x`,
  '$split($pad("x", 9000000), "")',
  '$replace(data.text, "x", data.text)',
  '$replace(data.text, /x/, data.text)',
  '$replace("x", /x/, $pad("", 5000000) & "$0$0$0" & $pad("", 4999999)) & $pad("", 9000000)',
  '$encodeUrlComponent($pad("", 9000000))',
  '$base64encode($pad("", 9000000))',
  '$zip([1..900000], [1..900000], [1..900000], [1..900000], [1..900000], [1..900000])',
  '[data.text, data.text, data.text, data.text, data.text, data.text, data.text, data.text, data.text, data.text, data.text]',
  'data.numbers.($$.data.text)',
  'data.objects.{"all": $$.data.objects.id}',
  '$contains(data.text, /((x?){50}){10}y/)',
]

const tooDeep = [
  '($f := function($n) { 1 + $f($n + 1) }; $f(0))',
  '($f := function($n) { [$f($n + 1)] }; $f(0))',
  '($f := function($n) { $map([1], function($x) { $f($n) }) }; $f(0))',
  '($f := function($n) { $f($n).a }; $f(0))',
  '($f := function() { $g() & "" }; $g := function() { $f() & "" }; $f())',
  '$reduce([1..100000], function($a, $b) { {"a": $a} }, {})',
  '$string($reduce([1..100000], function($a, $b) { {"a": $a} }, {}))',
  'data.objects[0] ~> |$|{"self": $}|',
  '$formatInteger(1e300, "I")',
]

const tooLong = [
  '($f := function($n) { $f($n + 1) }; $f(0))',
  '($f := function($n) { $g($n) }; $g := function($n) { $f($n) }; $f(0))',
  '($g := function($h) { $h($h) }; $g($g))',
  '($f := function($n) { $n > 0 ? $f($n - 1) + $f($n - 1) : 0 }; $f(60))',
  `(${sharedObjects}) = (${sharedObjects})`,
  `$boolean($reduce([1..60], function($a, $b) { [[$a], [$a]] }, [0]))`,
  `$distinct([[${sharedLists}], [${sharedLists}]])`,
  '$match("x", function($s) { ($n := function() { {"match": "x", "start": 0, "end": 1, "groups": [], "next": $n} }; $n()) })',
  'data.numbers[$$.data.numbers[$ = 5] = 5]',
  '$filter(data.numbers, function($v, $i, $all) { $sum($all) > 0 })',
  'data.objects@$a.$$.data.objects@$b[$a.id = $b.id + 1000000].{"x": 1}',
  '$sort(data.numbers, function($a, $b) { $sum($$.data.numbers) > 0 })',
  '$split(data.text, /(x*y)|x/)',
  '$match(data.text, /(x.*z)|x/)',
]

/** What does not end by itself, or would fill the memory. The time limit of the test runner is the only clock in here. */
describe('a hostile expression', () => {
  it.each(tooLarge)('%s is too large', (source) => {
    expect(codeOf(source, { timeMs: 60_000 })).toBe('ExpressionTooLarge')
  })

  it.each(tooDeep)('%s is too deep', (source) => {
    expect(codeOf(source, { timeMs: 60_000 })).toBe('ExpressionTooDeep')
  })

  it.each(tooLong)('%s takes too long', (source) => {
    expect(codeOf(source, { timeMs: 20 })).toMatch(/^Expression(TimedOut|TooLarge)$/)
  })

  it.each([
    '$formatNumber(1, $pad("0", 9000000, "0"))',
    '$formatInteger(1, $pad("0", 9000000, "0"))',
    '$fromMillis(0, "[Y,99999999-99999999]")',
    '$fromMillis(0, "[Y, 9 9 9 9 9 9 9 9]")',
    '$now("[f,*-100000000]")',
    '$toMillis($pad("a", 99, "a"), "[YA][MA][DA][HA][mA]1")',
    '$toMillis($pad("a", 99, "a"), "[YA]b[MA]c[DA]d[HA]e[mA]1")',
    '$toMillis($pad("1", 90, "1"), "[Y]1[M]1[D]1[f]1[H]1[m]1[s]x")',
    '$toMillis($pad("1", 999, "1"), "[Y]-[M]")',
    '$toMillis($pad("1", 99, "1"), "[f][f][f][f][f][f][f][f][f]x")',
    '$parseInteger($pad("one ", 9000000, "one "), "w")',
  ])('%s is refused', (source) => {
    expect(codeOf(source)).toMatch(/^Expression(Failed|TooLarge)$/)
  })

  it('looks for long texts in time that grows with them, not with their product', () => {
    const half = 100_000
    const text = `$pad("a", 2000000, "a")`
    const pattern = `$pad("a", ${half}, "a") & "b" & $pad("a", ${half}, "a")`
    expect(evaluate(`$contains(${text}, ${pattern})`)).toBe(false)
    expect(evaluate(`$count($split(${text}, ${pattern}))`)).toBe(1)
    expect(evaluate(`$length($replace(${text}, ${pattern}, ""))`)).toBe(2_000_000)
    expect(evaluate(`$substringAfter(${text} & ${pattern} & "end", ${pattern})`)).toBe('end')
  })

  it('runs a pattern that backtracks elsewhere for ages', () => {
    expect(evaluate('$contains($pad("a", 10000, "a") & "!", /^(a+)+$/)')).toBe(false)
    expect(evaluate('$match($pad("a", 10000, "a"), /^(a|aa)+$/).match ~> $length')).toBe(10_000)
  })

  it('needs no more memory than a small process has', () => {
    // The table above, one after the other, where an allocation too many ends the process.
    const sources = [...tooLarge, ...tooDeep, ...tooLong]
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--max-old-space-size=400', '--input-type=module', '--eval', inSmallProcess],
      { input: JSON.stringify(sources), encoding: 'utf8' },
    )
    expect(stderr).not.toContain('out of memory')
    expect(stdout).toBe(`${sources.length} failed\n`)
  })
})

const inSmallProcess = `
  import { text } from 'node:stream/consumers'
  import { parseExpression } from ${JSON.stringify(new URL('parse-expression.ts', import.meta.url).href)}
  const data = {
    text: 'x'.repeat(1e6),
    numbers: Array.from({ length: 1e5 }, (_, at) => at),
    objects: Array.from({ length: 2e4 }, (_, id) => ({ id })),
  }
  const scope = { message: { data }, steps: {}, trigger: {}, run: { id: '', startedAt: 0 }, flow: {}, step: {} }
  let failed = 0
  for (const source of JSON.parse(await text(process.stdin))) {
    try {
      parseExpression(source, { timeMs: 100 }).expression.evaluate(scope)
    } catch (error) {
      if (error.name === 'ExpressionError') failed++
    }
  }
  console.log(failed + ' failed')
`

describe('what is large or deep in earnest', () => {
  it.each<[string, unknown]>([
    ['$sum($map([1..200000], function($n) { $n }))', 20_000_100_000],
    ['$count(data.objects[group = "g1"])', 2_857],
    ['$count($keys(data.wide))', 200_000],
    ['$count($spread(data.wide))', 200_000],
    ['$max(data.numbers)', 99_999],
    ['$count($distinct(data.objects.group))', 7],
    ['$count($distinct(data.objects.{"a": {"b": id}}))', 20_000],
    ['data.objects^(group, >id)[0].id', 19_999],
    ['$sort(data.numbers, function($a, $b) { $a < $b })[0]', 99_999],
    ['$length($join(data.numbers.$string(), ","))', 588_889],
    ['($f := function($n, $sum) { $n = 0 ? $sum : $f($n - 1, $sum + $n) }; $f(50000, 0))', 1_250_025_000],
    ['($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(200))', 200],
    ['$count($split(data.text, ""))', 1_000_000],
    ['$length($substring($pad("", 1000000, "😀"), 10))', 999_990],
    ['$count(data.objects{$string(id): group} ~> $keys)', 20_000],
  ])('%s works', (source, want) => {
    expect(evaluate(source, { timeMs: 600_000 })).toBe(want)
  })

  it('is bounded by the limits that are given', () => {
    expect(codeOf('[1..101]', { size: 100 })).toBe('ExpressionTooLarge')
    expect(codeOf('[1..100]', { size: 100 })).toBe('no failure')
    expect(codeOf('$pad("x", 1001)', { size: 100 })).toBe('ExpressionTooLarge')
    expect(codeOf('($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(9))', { depth: 10 })).toBe('no failure')
    expect(codeOf('($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(10))', { depth: 10 })).toBe(
      'ExpressionTooDeep',
    )
  })

  it('says which limit was reached, and where', () => {
    expect(() => evaluate('data.first & $pad("x", 100000000)')).toThrow(
      '$pad: it makes more than 10000000 characters; work on smaller pieces, or split the message first (at character 18 of the expression, behind "data.first & $pad(")',
    )
  })
})
