import { describe, expect, it } from 'vitest'
import { parseExpression } from './parse-expression.ts'

describe('a mistake', () => {
  it.each<{ source: string; offset: number; message: string; hint?: string }>([
    { source: '', offset: 0, message: 'the expression is empty' },
    { source: '  /* later */ ', offset: 0, message: 'the expression is empty' },
    { source: '$steps.', offset: 7, message: 'the expression ends too early: something must follow' },
    { source: 'data.a + ', offset: 8, message: 'the expression ends too early: something must follow' },
    { source: 'foo(1', offset: 5, message: 'a ) is missing at the end' },
    { source: '{"a" 1}', offset: 5, message: ': is expected here, not 1' },
    {
      source: 'data.a "b"',
      offset: 7,
      message: '"b" cannot follow what stands before it: put an operator between them, & to join texts',
    },
    { source: 'data.items]', offset: 10, message: 'there is no bracket that this ] could stand in' },
    { source: '{"a": 1,}', offset: 8, message: 'something is missing before }' },
    { source: 'data.name & "abc', offset: 12, message: 'this text is not closed: add " behind it' },
    {
      source: "'it's'",
      offset: 4,
      message: "s' cannot follow what stands before it: put an operator between them, & to join texts",
    },
    { source: 'data.`first-name', offset: 5, message: 'this name is not closed: add ` behind it' },
    { source: 'data /* why', offset: 5, message: 'this comment is not closed: add */' },
    {
      source: '$match(a, /b)',
      offset: 10,
      message: 'this regular expression is not closed: add / behind it, and \\ before one within it',
    },
    { source: '"a\\q"', offset: 2, message: 'write \\\\ for a backslash in a text' },
    { source: '"\\u12"', offset: 1, message: 'four hexadecimal digits must follow \\u' },
    {
      source: 'data.1st',
      offset: 5,
      message: 'a name that starts with a digit stands in backticks: write `1st`',
    },
    { source: 'x := 1', offset: 0, message: 'only a variable can be assigned to, as in $name := …: x is not one' },
    {
      source: 'function(x) {1}',
      offset: 9,
      message: "a function's parameters start with $, as in function($value) {…}: x does not",
    },
    {
      source: '%.name',
      offset: 0,
      message: '% has no parent here: use it behind a step, as in items.(price * %.quantity)',
    },
    { source: 'items@i', offset: 6, message: 'behind @ comes a variable, as in items@$item' },
    { source: '1e999', offset: 0, message: 'the number 1e999 is out of range' },
    // The habits of other languages.
    {
      source: 'data.a == 1',
      offset: 8,
      message: '= needs something on its left',
      hint: 'JSONata compares with a single =',
    },
    { source: 'a && b', offset: 3, message: '& needs something on its left', hint: 'write and for &&' },
    {
      source: 'a || b',
      offset: 2,
      message: '| cannot follow what stands before it: put an operator between them, & to join texts',
      hint: 'write or for ||',
    },
    { source: '!data.vip', offset: 0, message: '! is no operator', hint: 'write $not(…) for !' },
    {
      source: 'x => 1',
      offset: 3,
      message: '> needs something on its left',
      hint: 'a function is written function($x) {…}',
    },
    {
      source: '$steps.step-1.data',
      offset: 12,
      message: '1 is a value and no field: a name that starts with a digit or holds a - stands in backticks',
      hint: '$steps.step-1 is a subtraction: write $steps.`step-1`',
    },
    // What cannot be had.
    {
      source: '"x" & $eval("1")',
      offset: 6,
      message: '$eval cannot be used, because what it reads is not known beforehand: write the expression itself',
    },
    {
      source: '$match(a, /(a)\\1/)',
      offset: 10,
      message: 'regular expressions have no back-references (\\1); compare the groups of $match instead',
    },
    {
      source: '$match(a, /(?<n>a)\\k<n>/)',
      offset: 10,
      message: 'regular expressions have no back-references (\\k<); compare the groups of $match instead',
    },
    {
      source: '$match(a, /(?=a)b/)',
      offset: 10,
      message:
        'regular expressions have no look-around ((?=…)); take more into the match and a group for the part that is wanted',
    },
    {
      source: '$match(a, /(?<!a)b/i)',
      offset: 10,
      message:
        'regular expressions have no look-around ((?<!…)); take more into the match and a group for the part that is wanted',
    },
    {
      source: '$match(a, /a{2000}/)',
      offset: 10,
      message: 'the regular expression does not work here: invalid repeat count: `{2000}`',
    },
    { source: '$match(a, /a**/)', offset: 10, message: 'the regular expression is not right: nothing to repeat' },
    {
      source: '($f := function($x)<n?n?n?n?n?n?n?n?n?:n> {1})',
      offset: 15,
      message: 'the types of a function may hold at most 8 of ?, + and -',
    },
  ])('in $source is told where it is, and what to do', ({ source, ...mistake }) => {
    expect(parseExpression(source)).toStrictEqual({ kind: 'invalid', ...mistake })
  })

  it.each<[string, string, string]>([
    ['long', 'x'.repeat(17_000), 'the expression has more than 16384 characters; split the step in two'],
    [
      'deep in brackets',
      `${'('.repeat(16_000)}1`,
      'the expression is nested too deeply; assign parts of it to variables',
    ],
    [
      'deep in functions',
      `${'function($a) {'.repeat(1_000)}1${'}'.repeat(1_000)}`,
      'the expression is nested too deeply; assign parts of it to variables',
    ],
    [
      'long in sums',
      `1${' + 1'.repeat(4_000)}`,
      'the expression is nested too deeply; assign parts of it to variables',
    ],
    [
      'doubled by ??',
      `${'('.repeat(40)}a${' ?? b)'.repeat(40)}`,
      'too many ?? and ?: stand within each other; assign parts of it to variables',
    ],
    [
      'doubled by ?: in a list',
      `${'['.repeat(40)}a${' ?: b][0]'.repeat(40)}`,
      'too many ?? and ?: stand within each other; assign parts of it to variables',
    ],
    [
      'doubled behind a regular expression with a quote',
      `/"/ = ${'('.repeat(40)}a${' ?? b)'.repeat(40)}`,
      'too many ?? and ?: stand within each other; assign parts of it to variables',
    ],
    [
      'doubled behind a field named in',
      `in / ${'('.repeat(40)}a${' ?? b)'.repeat(40)}/ 2`,
      'too many ?? and ?: stand within each other; assign parts of it to variables',
    ],
  ])('of size ends at once: %s', (_, source, message) => {
    expect(parseExpression(source)).toMatchObject({ kind: 'invalid', message })
  })

  it.each([
    ['many ?? side by side', `[${Array.from({ length: 500 }, (_, at) => `data.f${at} ?? "none"`).join(', ')}]`],
    ['a chain of ??', Array.from({ length: 200 }, (_, at) => `data.f${at}`).join(' ?? ')],
    ['a sum of 200', `1${' + 1'.repeat(200)}`],
    ['?? in texts', `"${'((a ?? b) ?? '.repeat(40)}"`],
    ['a division, no regular expression', 'data.a / data.b / (data.c ?? 1)'],
  ])('is not made by %s', (_, source) => {
    expect(parseExpression(source)).toMatchObject({ kind: 'ok' })
  })

  it.each([
    '\u0000',
    '\uD800',
    '💥',
    '$',
    '$$',
    '`',
    '??',
    '%%',
    '|||',
    '^(',
    '~>',
    '..',
    'λ',
    '_',
    '\\',
    '/*/',
    '//',
    '# comment',
    '@',
    '() ()',
    '{[(',
    '"\\',
    '${x}',
    '{{x}}',
    '<xml/>',
    '---\na: b',
  ])('in %j never throws', (source) => {
    expect(['ok', 'invalid']).toContain(parseExpression(source).kind)
  })
})

describe('a warning', () => {
  it.each<{ source: string; kind: string; offset: number; message: string; hint?: string }>([
    {
      source: '$steps.fetch-orders',
      kind: 'Subtraction',
      offset: 7,
      message: '$steps.fetch-orders is a subtraction: write $steps.`fetch-orders`',
      hint: '$steps.`fetch-orders`',
    },
    {
      source: '1 + $steps.a-b-2',
      kind: 'Subtraction',
      offset: 11,
      message: '$steps.a-b-2 is a subtraction: write $steps.`a-b-2`',
      hint: '$steps.`a-b-2`',
    },
    {
      source: '$trigger.request.headers.content-type',
      kind: 'Subtraction',
      offset: 25,
      message: '$trigger.request.headers.content-type is a subtraction: write $trigger.request.headers.`content-type`',
      hint: '$trigger.request.headers.`content-type`',
    },
    {
      source: '1 & $upercase(data.name)',
      kind: 'UnknownName',
      offset: 4,
      message: '$upercase is neither a function nor assigned anywhere, so it is always missing',
      hint: '$uppercase',
    },
    { source: '$step.check.data', kind: 'none', offset: 0, message: '' },
    {
      source: '$stepz.check.data',
      kind: 'UnknownName',
      offset: 0,
      message: '$stepz is neither a function nor assigned anywhere, so it is always missing',
      hint: '$steps',
    },
    {
      source: '($total := 1; $totl)',
      kind: 'UnknownName',
      offset: 14,
      message: '$totl is neither a function nor assigned anywhere, so it is always missing',
      hint: '$total',
    },
    {
      source: '$zzz_qqq',
      kind: 'UnknownName',
      offset: 0,
      message: '$zzz_qqq is neither a function nor assigned anywhere, so it is always missing',
    },
  ])('for $source: $kind', ({ source, ...warning }) => {
    const parsed = parseExpression(source)
    expect(parsed).toMatchObject({ kind: 'ok' })
    if (parsed.kind === 'ok') expect(parsed.warnings).toStrictEqual(warning.kind === 'none' ? [] : [warning])
  })

  it.each([
    '$steps.fetch.data.a - $steps.fetch.data.b',
    '$steps.`fetch-orders`.data',
    '"$steps.fetch-orders"',
    'data.total-discount',
    'data.items@$i#$n.{"i": $i, "n": $n}',
    'data.items[price > 1]#$k.($k)',
    '($f := function($a) { $a }; $f(1))',
    '$map(data.items, function($v, $i, $a) { [$v, $i, $a] })',
    '[$steps, $trigger, $run, $flow, $step, $$, $, $now(), $millis(), $random()]',
  ])('is not given for %s', (source) => {
    expect(parseExpression(source)).toMatchObject({ kind: 'ok', warnings: [] })
  })
})
