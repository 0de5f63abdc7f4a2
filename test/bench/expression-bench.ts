import jsonata from 'jsonata'
import type { Scope } from '../../flow/expression/expression.ts'
import { parseExpression } from '../../flow/expression/parse-expression.ts'
import type { BenchResult } from './bench-result.ts'
import { median, ownCpuMs, spread } from './bench-result.ts'

/** The shapes that flows are made of: a path, a comparison, arithmetic, text, an object, an ancestor's value. */
const shapes: readonly string[] = [
  'data.contact.email',
  'data.amount > 100 and data.currency = "EUR"',
  'data.price * data.quantity + data.shipping',
  'data.contact.first & " " & data.contact.last',
  '{"id": data.id, "name": data.contact.last, "email": data.contact.email, "total": data.amount}',
  '$steps.fetch.data.id',
]

const scope: Scope = {
  message: {
    data: {
      id: 4711,
      amount: 149.9,
      currency: 'EUR',
      price: 12.5,
      quantity: 11,
      shipping: 12.4,
      contact: { first: 'Ada', last: 'Lovelace', email: 'ada@example.org' },
    },
    metadata: {},
    attachments: {},
  },
  steps: { fetch: { data: { id: 4711 } } },
  trigger: { name: 'by-hand', kind: 'manual' },
  run: { id: 'run-1', startedAt: 1_700_000_000_000 },
  flow: { name: 'contacts', namespace: 'default', labels: {} },
  step: { name: 'shape' },
}
const bindings = { steps: scope.steps, trigger: scope.trigger, run: scope.run, flow: scope.flow, step: scope.step }

const rounds = 7
const evaluations = 5000

/** CPU of an expression by jsonata against ours: each shape in turn, the slowest of the six counts. A first time warms both up. */
export async function bench(): Promise<BenchResult[]> {
  for (const source of shapes) await measure(source)
  const results = []
  for (const source of shapes) results.push(await measure(source))
  const slowest = results.reduce((least, result) => (result.ratio < least.ratio ? result : least))
  const each = results.map(
    ({ source, ratio, ourUs }) => `\n    ${ratio.toFixed(0)}× (ours ${ourUs.toFixed(2)} µs) ${source}`,
  )
  return [
    {
      name: 'expression-against-jsonata',
      value: slowest.ratio,
      goal: 10,
      unit: '×',
      isAtLeast: true,
      note: `the least of six, ${slowest.spread}${each.join('')}`,
    },
  ]
}

interface Measured {
  readonly source: string
  readonly ratio: number
  readonly spread: string
  readonly ourUs: number
}

async function measure(source: string): Promise<Measured> {
  const parsed = parseExpression(source)
  if (parsed.kind === 'invalid') throw new Error(parsed.message)
  const { expression } = parsed
  const reference = jsonata(source)
  const [own, theirs] = [
    await expression.evaluate(scope),
    (await reference.evaluate(scope.message, bindings)) as unknown,
  ]
  if (JSON.stringify(own) !== JSON.stringify(theirs)) throw new Error(`${source}: ${JSON.stringify([own, theirs])}`)
  const ours = async (): Promise<void> => {
    for (let at = 0; at < evaluations; at += 1) await expression.evaluate(scope)
  }
  const jsonatas = async (): Promise<void> => {
    for (let at = 0; at < evaluations; at += 1) await reference.evaluate(scope.message, bindings)
  }
  await ours()
  await jsonatas()
  const ratios: number[] = []
  const ourUs: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const [mine, other] = [await cpuMs(ours), await cpuMs(jsonatas)]
    ratios.push(other / mine)
    ourUs.push((mine * 1000) / evaluations)
  }
  return { source, ratio: median(ratios), spread: spread(ratios), ourUs: median(ourUs) }
}

async function cpuMs(work: () => Promise<void>): Promise<number> {
  const before = ownCpuMs()
  await work()
  return ownCpuMs() - before
}
