import jsonata from 'jsonata'
import { describe, expect, it } from 'vitest'
import type { Scope } from './expression.ts'
import { ExpressionError } from './expression.ts'
import { parseExpression } from './parse-expression.ts'

const data = {
  id: 7,
  first: 'Ada',
  last: 'Lovelace',
  email: null,
  spent: 1200.5,
  note: '',
  vip: true,
  text: 'Hello, World 2024-01-05',
  numbers: [3, 1, 2],
  one: [5],
  none: [],
  nested: [
    [1, 2],
    [3, [4]],
  ],
  items: [
    { sku: 'A', quantity: 2, price: 10, tags: ['x', 'y'] },
    { sku: 'B', quantity: 1, price: 5.5, tags: [] },
    { sku: 'A', quantity: 5, price: 1, tags: ['z'] },
  ],
  single: [{ sku: 'Q', quantity: 1 }],
  address: { city: 'London', 'post-code': 'W1' },
}

const scope: Scope = {
  message: { data, metadata: { source: 'crm' }, attachments: {} },
  steps: { check: { data: { id: 42 } }, 'fetch-orders': { data: { orders: [{ id: 1 }, { id: 2 }] } } },
  trigger: { name: 'nightly', kind: 'schedule', scheduledAt: '2024-01-05T03:00:00Z' },
  run: { id: 'run-1', startedAt: Date.UTC(2024, 0, 5, 3) },
  flow: { name: 'contacts', namespace: 'default', labels: { team: 'sales' } },
  step: { name: 'shape' },
}

function evaluate(source: string, of: Scope = scope): unknown {
  const parsed = parseExpression(source, { timeMs: 60_000 })
  if (parsed.kind === 'invalid') throw new Error(`${source}: ${parsed.message}`)
  return parsed.expression.evaluate(of)
}

function failureOf(source: string): ExpressionError {
  try {
    evaluate(source)
  } catch (error) {
    if (error instanceof ExpressionError) return error
    throw error
  }
  throw new Error(`${source} did not fail`)
}

describe('what people write', () => {
  it.each<[string, unknown]>([
    // Paths.
    ['data.first', 'Ada'],
    ['data.address.city', 'London'],
    ['data.address.`post-code`', 'W1'],
    ['data.missing', undefined],
    ['data.missing.deeper', undefined],
    ['data.email', null],
    ['data.email.domain', undefined],
    ['data.items.sku', ['A', 'B', 'A']],
    ['data.items.tags', ['x', 'y', 'z']],
    ['data.items[0].sku', 'A'],
    ['data.items[-1].price', 1],
    ['data.items[9].sku', undefined],
    ['data.items[[0..1]].sku', ['A', 'B']],
    ['data.items[sku = "A"].quantity', [2, 5]],
    ['data.items[sku = "B"].quantity', 1],
    ['data.items[quantity > 1 and price < 5]', { sku: 'A', quantity: 5, price: 1, tags: ['z'] }],
    ['data.*.city', 'London'],
    ['data.**.sku', ['A', 'B', 'A', 'Q']],
    [
      'data.items.tags.{"tag": $, "of": %.sku}',
      [
        { tag: 'x', of: 'A' },
        { tag: 'y', of: 'A' },
        { tag: 'z', of: 'A' },
      ],
    ],
    // A list of one is its element, unless [] keeps it.
    ['data.single.sku', 'Q'],
    ['data.single.sku[]', ['Q']],
    ['data.one', [5]],
    ['data.none', []],
    ['data.none.x', undefined],
    ['data.items[sku = "B"][].sku', ['B']],
    // Conditions.
    ['data.email != null', false],
    ['data.missing != null', false],
    ['data.spent > 1000', true],
    ['data.missing > 1000', undefined],
    ['data.vip and data.note', false],
    ['"A" in data.items.sku', true],
    ['$exists(data.missing)', false],
    ['$not(data.vip)', false],
    ['data.note ? "some" : "none"', 'none'],
    ['data.missing ?? "default"', 'default'],
    ['data.email ?? "default"', null],
    ['data.note ?: "default"', 'default'],
    ['data.missing ? 1', undefined],
    // Objects and lists.
    ['{"name": data.first & " " & data.last, "id": data.id}', { name: 'Ada Lovelace', id: 7 }],
    ['{"a": data.missing, "b": null}', { b: null }],
    ['[data.first, data.missing, data.last]', ['Ada', 'Lovelace']],
    ['[data.numbers, 4]', [3, 1, 2, 4]],
    ['[[data.numbers], 4]', [[3, 1, 2], 4]],
    ['[1..4]', [1, 2, 3, 4]],
    [
      'data.items.{"sku": sku, "total": quantity * price}',
      [
        { sku: 'A', total: 20 },
        { sku: 'B', total: 5.5 },
        { sku: 'A', total: 5 },
      ],
    ],
    ['data.items{sku: $sum(quantity)}', { A: 7, B: 1 }],
    ['[{"k": 2}, {"n": 1}, {"k": 1}]^(k)', [{ k: 1 }, { k: 2 }, { n: 1 }]],
    ['[{"n": 1}, {"k": 1}, {"k": 2}]^(>k)', [{ k: 2 }, { k: 1 }, { n: 1 }]],
    ['data.items^(>price).sku', ['A', 'B', 'A']],
    ['data.items^(sku, price).price', [1, 10, 5.5]],
    [
      'data.items#$i[$i > 0].{"at": $i, "sku": sku}',
      [
        { at: 1, sku: 'B' },
        { at: 2, sku: 'A' },
      ],
    ],
    ['data.items@$i.numbers[$ = $i.quantity].{"sku": $i.sku}', [{ sku: 'A' }, { sku: 'B' }]],
    ['data.address ~> |$|{"country": "UK"}, "city"|', { 'post-code': 'W1', country: 'UK' }],
    // Text and numbers.
    ['"total " & data.spent', 'total 1200.5'],
    ['"" & 1/3', '0.333333333333333'],
    ['data.first & data.missing', 'Ada'],
    ['data.spent + data.missing', undefined],
    ['$string(data.address)', '{"city":"London","post-code":"W1"}'],
    ['$uppercase(data.first)', 'ADA'],
    ['data.first.$length()', 3],
    ['data.first ~> $uppercase ~> $substring(0, 2)', 'AD'],
    ['$substring("a😀b", 1, 1)', '😀'],
    ['$pad("7", -3, "0")', '007'],
    ['$split("a;b;c", ";")', ['a', 'b', 'c']],
    ['$split("a, b,c", /,\\s*/)', ['a', 'b', 'c']],
    ['$join(data.items.sku, "-")', 'A-B-A'],
    ['$contains(data.text, /world/i)', true],
    ['$replace("John Smith", /(\\w+)\\s(\\w+)/, "$2, $1")', 'Smith, John'],
    ['$match(data.text, /(\\d+)-(\\d+)/).groups', ['2024', '01']],
    ['$number("12.50")', 12.5],
    ['$round(2.5)', 2],
    ['$formatNumber(1234.5, "#,##0.00")', '1,234.50'],
    ['$sum(data.items.(quantity * price))', 30.5],
    ['$max(data.numbers)', 3],
    ['$average(data.numbers)', 2],
    // Functions.
    ['$map(data.numbers, function($n, $i) { $n * $i })', [0, 1, 4]],
    ['$filter(data.numbers, function($n) { $n > 1 })', [3, 2]],
    ['$reduce(data.numbers, function($sum, $n) { $sum + $n })', 6],
    ['$reduce([1, 2], function($a, $b) { $a & $b }, null)', 'null12'],
    ['$sort(data.items, function($a, $b) { $a.price > $b.price }).sku', ['A', 'B', 'A']],
    ['$distinct(data.items.sku)', ['A', 'B']],
    ['$merge([{"a": 1}, {"b": 2}, {"a": 3}])', { a: 3, b: 2 }],
    ['$keys(data.address)', ['city', 'post-code']],
    ['$each(data.address, function($value, $name) { $name & "=" & $value })', ['city=London', 'post-code=W1']],
    ['$sift(data.address, function($value) { $value = "W1" })', { 'post-code': 'W1' }],
    ['($tax := function($n) { $n * 0.2 }; $tax(data.items[0].price))', 2],
    ['($n := 5; $factorial := function($i) { $i <= 1 ? 1 : $i * $factorial($i - 1) }; $factorial($n))', 120],
    ['($add := function($a, $b) { $a + $b }; $increment := $add(?, 1); $increment(2))', 3],
    ['$fromMillis(0, "[Y0001]-[M01]-[D01]")', '1970-01-01'],
    ['$toMillis("2024-01-05T03:00:00Z")', Date.UTC(2024, 0, 5, 3)],
    ['$toMillis("05.01.2024", "[D01].[M01].[Y0001]")', Date.UTC(2024, 0, 5)],
  ])('%s', async (source, want) => {
    expect(evaluate(source)).toStrictEqual(want)
    const bare: unknown = await jsonata(source).evaluate(structuredClone(scope.message))
    expect(bare === undefined ? undefined : JSON.parse(JSON.stringify(bare))).toStrictEqual(want)
  })

  it.each<[string, unknown]>([
    ['$steps.check.data.id', 42],
    ['$steps.`fetch-orders`.data.orders.id', [1, 2]],
    ['$steps.never', undefined],
    ['$trigger.name', 'nightly'],
    ['$trigger.scheduledAt', '2024-01-05T03:00:00Z'],
    ['$run.id', 'run-1'],
    ['$flow.labels.team', 'sales'],
    ['$flow.namespace & "/" & $flow.name', 'default/contacts'],
    ['$step.name', 'shape'],
    ['metadata.source', 'crm'],
    ['$$.data.id', 7],
    ['data.items.$$.metadata.source', ['crm', 'crm', 'crm']],
    // The clock stands still at the run's start.
    ['$now()', '2024-01-05T03:00:00.000Z'],
    ['$now("[H01]:[m01]", "+0100")', '04:00'],
    ['$millis()', Date.UTC(2024, 0, 5, 3)],
    ['$toMillis("12:30", "[H01]:[m01]") - $millis()', 9.5 * 3_600_000],
  ])('%s, of what is bound', (source, want) => {
    expect(evaluate(source)).toStrictEqual(want)
  })

  it('gives the element where JSONata loses it: a list that is written out, an index and a name', () => {
    expect(evaluate('[{"a": 1}, {"a": 2}][0].a')).toBe(1)
  })

  it('keeps a regular expression that stands left of ??, where JSONata never ends', () => {
    expect(evaluate('$match("b", /a/) ?? "none"')).toBe('none')
    expect(evaluate('($match("ab", /b/) ?? "none").match')).toBe('b')
  })
})

describe('a result', () => {
  it.each<[string, unknown]>([
    ['1/0', null],
    ['-1/0', null],
    ['0/0', null],
    ['-0 * 1', 0],
    ['[1/0, 2]', [null, 2]],
    ['$match("b", /(a)?b/).groups', [null]],
  ])('%s is what JSON makes of it', (source, want) => {
    expect(evaluate(source)).toStrictEqual(want)
  })

  it('is plain: lists have no hidden marks', () => {
    const result = evaluate('{"skus": data.items.sku, "kept": data.single.sku[]}')
    expect(Reflect.ownKeys((result as { skus: object }).skus)).toEqual(['0', '1', '2', 'length'])
    expect(Reflect.ownKeys((result as { kept: object }).kept)).toEqual(['0', 'length'])
  })

  it('shares nothing with the message, nor one part with another', () => {
    const result = evaluate('[data, {"a": data.items, "b": data.items}]') as {
      a: unknown
      b: unknown
      items: unknown
    }[]
    expect(result[0]).toStrictEqual(data)
    expect(result[0]).not.toBe(data)
    expect(result[0]?.items).not.toBe(data.items)
    expect(result[1]?.a).not.toBe(result[1]?.b)
  })

  it('are compiled once, however deep they lie in each other', () => {
    const depth = 60
    const text = '{"a": '.repeat(depth) + '1' + '}'.repeat(depth)
    expect(JSON.stringify(evaluate(text))).toBe(text.replaceAll(' ', ''))
  })

  it('has members of any name, and none of them is a prototype', () => {
    const result = evaluate('{"__proto__": {"polluted": true}}')
    expect(JSON.stringify(result)).toBe('{"__proto__":{"polluted":true}}')
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  it.each(['$sum', 'function($x) { $x }', '{"f": $sum}', '[data.first, $uppercase]', '/a/'])(
    '%s is refused: it is or holds a function',
    (source) => {
      expect(failureOf(source)).toMatchObject({ code: 'ExpressionFailed' })
      expect(failureOf(source).message).toContain('function')
    },
  )

  it.each([
    'data.list[]',
    'data.list[].id',
    'data.none{"a": 1}',
    'data.list^(id)',
    'data.list#$i.id',
    '$append(data.list, 1)',
    '$sort(data.list.id)',
  ])('%s leaves the lists of the message without a mark', (source) => {
    const message = { data: { list: [{ id: 2 }, { id: 1 }], none: [] }, metadata: {}, attachments: {} }
    evaluate(source, { ...scope, message })
    expect(Reflect.ownKeys(message.data.list)).toEqual(['0', '1', 'length'])
    expect(message.data).toEqual({ list: [{ id: 2 }, { id: 1 }], none: [] })
  })

  it('leaves the message as it was when a transform reaches out of its copy', () => {
    const message = { data: { inner: { a: 1 } }, metadata: { b: 2 }, attachments: {} }
    const result = evaluate('data.inner ~> |$$.metadata|{"changed": true}|', { ...scope, message })
    expect(result).toEqual({ a: 1 })
    expect(message).toEqual({ data: { inner: { a: 1 } }, metadata: { b: 2 }, attachments: {} })
  })

  it('takes data for data, even if it looks like one of JSONata’s functions', () => {
    const message = { data: { x: { _jsonata_lambda: true, _jsonata_function: true } }, metadata: {}, attachments: {} }
    expect(evaluate('data.x', { ...scope, message })).toEqual(message.data.x)
    expect(evaluate('$type(data.x)', { ...scope, message })).toBe('object')
  })
})

describe('chance', () => {
  const draw = '[$random(), $random(), $shuffle([1..20])]'

  it('is the same when the message comes again', () => {
    expect(evaluate(draw)).toStrictEqual(evaluate(draw))
  })

  it.each<[string, Scope]>([
    ['message', { ...scope, message: { data: { id: 8 }, metadata: {}, attachments: {} } }],
    ['run', { ...scope, run: { ...scope.run, id: 'run-2' } }],
    ['step', { ...scope, step: { name: 'store' } }],
  ])('is another for another %s', (_, other) => {
    expect(evaluate(draw, other)).not.toStrictEqual(evaluate(draw))
  })

  it('stays within 0 and 1, and shuffles without loss', () => {
    const [first, second, ...rest] = evaluate(draw) as number[]
    for (const number of [first, second]) expect(number).toSatisfy((n: number) => n >= 0 && n < 1)
    expect(first).not.toBe(second)
    expect(rest.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
  })
})

describe('a failure', () => {
  it.each<[string, string]>([
    [
      'data.first + 1',
      'the left side of + must be a number, not "Ada" (at character 12 of the expression, behind "data.first +")',
    ],
    [
      'data.spent > "1"',
      '> compares two numbers or two texts, not 1200.5 and "1"; use $number or $string on one of them',
    ],
    ['$number("x")', '$number: "x" is not a number (at character 8 of the expression'],
    ['$sum(["a"])', '$sum: argument 1 must be a list of numbers only'],
    ['$uppercase(1)', '$uppercase: argument 1 must not be 1'],
    ['uppercase(data.first)', 'uppercase is not a function; write $uppercase'],
    ['$nothing()', '$nothing is not a function'],
    ['$error("no customer")', '$error: no customer'],
    ['$assert(data.vip = false, "only others")', '$assert: only others'],
    ['data.items{quantity: sku}', "a member's name must be a text, not 2"],
    ['{"a": 1, data.missing ?? "a": 2}', 'two members of the object are named "a"'],
    ['$toMillis("soon")', '"soon" is not a time as 2026-01-31T12:00:00Z'],
    ['data.items^(tags)', 'what is sorted by must be texts or numbers, not a list of'],
    ['-data.first', '- needs a number, not "Ada"'],
    ['$single(data.numbers)', '$single wants exactly one that fits, and there are 3'],
    ['[1.5..3]', 'the left side of .. must be a whole number, not 1.5'],
    ['$replace("aa", /x*/, "b")', 'the regular expression matches nothing at all'],
  ])('%s says where and why', (source, message) => {
    const failure = failureOf(source)
    expect(failure.code).toBe('ExpressionFailed')
    expect(failure.message).toContain(message)
  })

  it('shows nothing of what is in the message but a short beginning', () => {
    const secret = `begin${'s3cret'.repeat(100)}`
    const message = { data: { secret, object: { secret }, list: [secret] }, metadata: {}, attachments: {} }
    for (const source of [
      'data.secret + 1',
      'data.object + 1',
      'data.list + 1',
      '$number(data.secret)',
      '$toMillis(data.secret)',
      '$error(data.secret)',
      '$decodeUrl("%" & data.secret)',
      'data.secret > 1',
    ]) {
      const parsed = parseExpression(source)
      if (parsed.kind === 'invalid') throw new Error(parsed.message)
      expect.soft(() => parsed.expression.evaluate({ ...scope, message }), source).toThrow(ExpressionError)
      try {
        parsed.expression.evaluate({ ...scope, message })
      } catch (error) {
        expect.soft((error as Error).message.split('s3cret').length, source).toBeLessThan(19)
      }
    }
  })
})

describe('one expression', () => {
  it('can be evaluated within itself and many times at once, each by its own limits', async () => {
    const parsed = parseExpression('($f := function($n) { $n = 0 ? data.id : $f($n - 1) }; $f(data.times))', {
      timeMs: 60_000,
    })
    if (parsed.kind === 'invalid') throw new Error(parsed.message)
    const results = await Promise.all(
      Array.from({ length: 50 }, async (_, id) => {
        const message = { data: { id, times: id * 100 }, metadata: {}, attachments: {} }
        return await parsed.expression.evaluate({ ...scope, message })
      }),
    )
    expect(results).toEqual(Array.from({ length: 50 }, (_, id) => id))
  })
})
