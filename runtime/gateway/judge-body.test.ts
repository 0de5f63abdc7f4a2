import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { samplePlan } from '../../test/samples/sample-plan.ts'
import { simulatedClock } from '../clock.ts'
import type { Hook } from './hook-request.ts'
import { openBodyJudge } from './judge-body.ts'
import { openPace } from './pace.ts'

/** Judges 2 ** 27 times: some seconds. */
const doubling: JsonObject = {
  $ref: '#/definitions/a0',
  definitions: {
    a27: { type: 'number' },
    ...Object.fromEntries(
      Array.from({ length: 27 }, (_, at) => {
        const next = { $ref: `#/definitions/a${at + 1}` }
        return [`a${at}`, { allOf: [next, next] }]
      }),
    ),
  },
}

function hookBy(schema: JsonObject): Hook {
  const plan = samplePlan({
    triggers: [{ name: 'changed', webhook: { path: '/contacts', auth: { none: {} }, schema } }],
  })
  const [trigger] = plan.triggers
  return { plan, trigger: trigger!, webhook: trigger!.spec.webhook!, params: {} }
}

function world() {
  const clock = simulatedClock()
  const pace = openPace({ clock, log: pino({ level: 'silent' }) })
  const judge = openBodyJudge(pace)
  const ask = (hook: Hook, body: unknown) => {
    const judged = judge(hook, body, JSON.stringify(body).length)
    if (judged.kind === 'ok') return { status: 200 }
    const { code, detail } = JSON.parse(judged.answer.body ?? '{}') as { code: string; detail: string }
    return { status: judged.answer.status, code, detail, retryAfter: judged.answer.headers['retry-after'] }
  }
  return { clock, pace, ask }
}

describe('a judge of bodies', () => {
  const many = Array.from({ length: 20_000 }, (_, at) => ({ at }))
  it.each([
    { name: 'references that double', schema: doubling, body: 1 },
    { name: 'all compared with all', schema: { uniqueItems: true }, body: many },
  ])('ends $name, and names the trigger', ({ schema, body }) => {
    const { ask, pace } = world()
    const hook = hookBy(schema)
    const answer = ask(hook, body)
    expect(answer).toMatchObject({ status: 503, code: 'WebhookTooSlow', retryAfter: '2' })
    expect(answer.detail).toContain('"changed"')
    expect(pace.refusalOf(hook)).toMatchObject({ status: 503 })
    expect(pace.refusalOf(hookBy({ type: 'string' }))).toBeDefined() // an edit of the schema changes nothing
  })

  it('judges by such a schema later and later', async () => {
    const { ask, clock } = world()
    const hook = hookBy(doubling)
    const waits: unknown[] = []
    for (let count = 0; count < 3; count += 1) {
      const { retryAfter } = ask(hook, 1)
      waits.push(retryAfter)
      expect(ask(hook, 1)).toMatchObject({ status: 503, retryAfter })
      await clock.advance(Number(retryAfter) * 1000)
    }
    expect(waits).toEqual(['2', '4', '8'])
  })

  it('ends a schema that takes too long to be read', () => {
    const { ask } = world()
    const properties = Object.fromEntries(
      Array.from({ length: 40_000 }, (_, at) => [`p${at}`, { anyOf: [{ type: 'string' }, { minimum: at }] }]),
    )
    expect(ask(hookBy({ properties }), 1)).toMatchObject({ status: 503, code: 'WebhookTooSlow' })
  })

  it('says of one that goes in a circle that it cannot be used', () => {
    const { ask } = world()
    expect(ask(hookBy({ allOf: [{ $ref: '#' }] }), 1)).toMatchObject({ status: 500, code: 'InvalidSchema' })
  })

  it('judges by others as ever', () => {
    const { ask, pace } = world()
    const hook = hookBy({ items: { $ref: '#/definitions/a' }, definitions: { a: { pattern: '^a' } } })
    for (let count = 0; count < 5; count += 1) {
      expect([ask(hook, ['a']).status, ask(hook, ['b']).status]).toEqual([200, 422])
    }
    expect(pace.refusalOf(hook)).toBeUndefined()
  })
})
