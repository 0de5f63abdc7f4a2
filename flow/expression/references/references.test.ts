import { describe, expect, it } from 'vitest'
import type { References } from '../expression.ts'
import { parseExpression } from '../parse-expression.ts'

function referencesOf(source: string): References {
  const parsed = parseExpression(source)
  if (parsed.kind === 'invalid') throw new Error(`${source}: ${parsed.message}`)
  return parsed.expression.references
}

/** As people would write them: `check.data.id`; `check` alone is the whole message. */
function stepsOf(source: string): string[] {
  return Object.entries(referencesOf(source).steps).flatMap(([name, paths]) =>
    paths.map((path) => [name, ...path].join('.')),
  )
}

describe('the references of an expression', () => {
  it.each<[string, string[]]>([
    ['data.id', []],
    ['$steps.check.data.id', ['check.data.id']],
    ['$steps.`fetch-orders`.data', ['fetch-orders.data']],
    ['$steps."fetch-orders".data', ['fetch-orders.data']],
    ['$steps.check', ['check']],
    [
      '$steps.check.data.id & $steps.check.data.name & $steps.other.metadata.x',
      ['check.data.id', 'check.data.name', 'other.metadata.x'],
    ],
    ['$steps.check.data.id + $steps.check.data', ['check.data']],
    ['{"a": $steps.a.data.x, "b": [$steps.b.data.y]}', ['a.data.x', 'b.data.y']],
    ['$steps.a.data.x ? $steps.b.data.y : $steps.c.data.z', ['a.data.x', 'b.data.y', 'c.data.z']],
    ['($steps.a.data.x ? $steps.b : $steps.c).data.z', ['a.data.x', 'b.data.z', 'c.data.z']],
    // Through variables.
    ['($s := $steps; $s.check.data.id)', ['check.data.id']],
    ['($c := $steps.check; $d := $c.data; $d.id & $d.name)', ['check.data.id', 'check.data.name']],
    ['($f := function() { $c.data.id }; $c := $steps.check; $f())', ['check.data.id']],
    ['($x := $steps.a.data; $next := function() { ($x := $x.next) }; $x.id)', ['a.data.id', 'a.data.next']],
    ['data.items@$i.$steps.a.data.prices[sku = $i.sku].price', ['a.data.prices.price', 'a.data.prices.sku']],
    ['$steps.a.data.items@$i.{"id": $i.id}', ['a.data.items.id']],
    // Through lists.
    ['$steps.a.data.items[0].id', ['a.data.items.id']],
    ['$steps.a.data.items[price > 5].id', ['a.data.items.id', 'a.data.items.price']],
    ['$steps.a.data.items^(>price)[0].id', ['a.data.items.id', 'a.data.items.price']],
    ['$steps.a.data.items{sku: $sum(quantity)}', ['a.data.items.quantity', 'a.data.items.sku']],
    ['$steps.a.data.items.{"id": id, "of": %.name}', ['a.data.items.id', 'a.data.name']],
    [
      '$steps.a.data.items.parts.(price * %.quantity * %.%.factor)',
      ['a.data.factor', 'a.data.items.parts.price', 'a.data.items.quantity'],
    ],
    ['$steps.a.data.(first & last)', ['a.data.first', 'a.data.last']],
    ['$map($steps.a.data.items, function($i) { $i.id })', ['a.data.items.id']],
    ['$filter($steps.a.data.items, function($i) { $i.price > 1 }).id', ['a.data.items.id', 'a.data.items.price']],
    ['$sort($steps.a.data.items, function($l, $r) { $l.at > $r.at }).id', ['a.data.items.at', 'a.data.items.id']],
    // How many there are can count, without any of them being looked into.
    ['$steps.a.data.items.("x")', ['a.data.items']],
    ['$map($steps.a.data.items, function($i) { 1 })', ['a.data.items']],
    ['$count($steps.a.data.items)', ['a.data.items']],
    // Whole, where it cannot be known.
    ['$string($steps.a.data)', ['a.data']],
    ['$steps.a.data.*', ['a.data']],
    ['$steps.a.data.*.id', ['a.data']],
    ['$steps.a.data.**.id', ['a.data']],
    ['($f := function($m) { $m.data.id }; $f($steps.a))', ['a']],
    ['$steps.a.data ~> |items|{"x": 1}|', ['a.data']],
    ['$steps.a.data.$keys()', ['a.data']],
    ['$steps.a.data.name.$uppercase()', ['a.data.name']],
    ['$lookup($steps.a.data, data.field)', ['a.data']],
    // Known after all.
    ['$lookup($steps, "check").data', ['check.data']],
    ['$lookup($steps.check.data, "id")', ['check.data.id']],
    // Every step.
    ['$lookup($steps, data.step)', ['*']],
    ['$steps', ['*']],
    ['$string($steps)', ['*']],
    ['($s := $steps; $keys($s))', ['*']],
    ['$steps.*.data.id', ['*.data.id']],
    ['$steps.**.id', ['*']],
    ['$each($steps, function($m) { $m.data.id })', ['*']],
  ])('%s', (source, want) => {
    expect(stepsOf(source)).toEqual(want)
  })

  it.each([
    `($v := $steps; ${Array.from({ length: 100 }, (_, at) => `$v := $v.n${at}`).join('; ')}; $v)`,
    `$steps.a${Array.from({ length: 40 }, (_, at) => `.n${at}@$v${at}`).join('')}.x`,
    `(${Array.from({ length: 60 }, (_, at) => `$v${at} := $v${at + 1}`).join('; ')}; $v60 := $steps.a; $v0.x)`,
  ])('are everything where there would be too many: %s', (source) => {
    expect(stepsOf(source)).toContain('*')
  })

  it('end at a depth', () => {
    expect(stepsOf(`$steps.a${'.b'.repeat(40)}`)).toEqual([`a${'.b'.repeat(15)}`])
  })

  it.each<[string, string[]]>([
    ['$trigger.name', ['name']],
    ['$trigger.request.headers.`x-id` & $trigger.data.id', ['data.id', 'request.headers.x-id']],
    ['($t := $trigger; $t.request.query.page)', ['request.query.page']],
    ['$string($trigger)', ['']],
    ['data.id', []],
  ])('of the trigger: %s', (source, want) => {
    expect(referencesOf(source).trigger.map((path) => path.join('.'))).toEqual(want)
  })

  it.each<[string, boolean]>([
    ['1', false],
    ['"https://shop.example/"', false],
    ['{"a": [1, 2], "at": $now()}', false],
    ['$run.id & $flow.name & $step.name', false],
    ['$steps.check.data.id', false],
    ['$trigger.data', false],
    ['$uppercase("a") & $string($millis())', false],
    ['($f := function($n) { $n + 1 }; $f(1))', false],
    ['[1..3].($ * 2)', false],
    ['data.id', true],
    ['$', true],
    ['$$', true],
    ['*', true],
    ['$string()', true],
    ['$steps.check.data[id = $$.data.id]', true],
    ['$map([1], function() { $$.data })', true],
    ['metadata', true],
  ])('tell whether it reads its message: %s', (source, want) => {
    expect(referencesOf(source).message).toBe(want)
  })

  it('are the same whatever the order', () => {
    expect(JSON.stringify(referencesOf('[$steps.b.data.y, $steps.a.data.z, $steps.b.data.x]').steps)).toBe(
      JSON.stringify(referencesOf('[$steps.a.data.z, $steps.b.data.x, $steps.b.data.y]').steps),
    )
  })
})
