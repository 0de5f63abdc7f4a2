import { describe, expect, it } from 'vitest'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import type { Delivery } from '../broker/broker.ts'
import { simulatedClock } from '../clock.ts'
import type { Run } from '../store/store.ts'
import { carriedOf, payloadOf } from '../wire/body.ts'
import { freshId } from '../wire/message-id.ts'
import { fireRunId } from './decide/fire-id.ts'
import { handFiredMessage, manualMessage, scheduledMessage, webhookMessage } from './decide/first-message.ts'
import { samplePlan } from '../../test/samples/sample-plan.ts'
import { startRun } from './start-run.ts'

const plan = samplePlan({
  triggers: [
    { name: 'nightly', schedule: { cron: '0 3 * * *' } },
    { name: 'changed', webhook: { path: '/contacts/{id}', auth: { none: {} } }, to: 'check' },
    { name: 'by-hand', manual: {} },
    { name: 'poll', poll: { everySeconds: 5 } },
  ],
})
const [nightly, changed, byHand, poll] = [plan.triggers[0]!, plan.triggers[1]!, plan.triggers[2]!, plan.triggers[3]!]
const clock = simulatedClock(Date.parse('2026-03-01T12:00:00Z'))

async function delivered(firing: Parameters<typeof startRun>[1], onRun?: (run: Run) => void) {
  const broker = openMemoryBroker({ clock })
  await broker.declareQueues([{ name: 'uid-contacts._core' }])
  const start = await startRun({ broker, clock, ids: { freshId }, ...(onRun && { onRun }) }, firing)
  const delivery = await new Promise<Delivery>((resolve) => {
    void broker.consume('uid-contacts._core', { prefetch: 1 }, resolve)
  })
  await broker.close()
  const { message } = delivery
  return { start, message, payload: JSON.parse(payloadOf(message.body).toString()), carried: carriedOf(message.body) }
}

describe('startRun', () => {
  it('publishes the first message to the entry step, under the revision of the plan', async () => {
    const runs: Run[] = []
    const first = manualMessage(byHand, { data: { id: 1 } })
    const { start, message, payload } = await delivered({ plan, trigger: byHand, first }, (run) => runs.push(run))
    expect(start).toEqual({ kind: 'started', run: message.id, messageId: message.id })
    expect(message.headers).toEqual({
      flow: 'uid-contacts',
      revision: 1,
      revisionHash: 'hash-1',
      run: message.id,
      runStartedAt: clock.now(),
      trigger: 'by-hand',
      at: 'fetch',
      attempt: 1,
      copy: expect.any(String),
      hops: 0,
    })
    expect(payload).toEqual({
      data: { id: 1 },
      metadata: { source: { name: 'by-hand', type: 'manual' } },
      attachments: {},
    })
    expect(runs).toEqual([
      {
        namespace: 'default',
        flow: 'uid-contacts',
        id: message.id,
        trigger: 'by-hand',
        revision: 1,
        startedAt: clock.now(),
      },
    ])
  })

  it('says what waits for the run only where something does', async () => {
    const first = manualMessage(byHand)
    const { message } = await delivered({
      plan,
      trigger: byHand,
      first,
      tracked: true,
      replyTo: 'reply.1',
      traceparent: '00-x',
    })
    expect(message.headers).toMatchObject({ tracked: true, replyTo: 'reply.1', traceparent: '00-x' })
  })

  it('carries of the trigger what the expressions of the flow read, and nothing else', async () => {
    const carried = { steps: {}, trigger: [['name'], ['request', 'query', 'page']] }
    const reading = samplePlan({ triggers: [changed.spec], carried })
    const first = webhookMessage(changed, { ...request, query: { page: '2', secret: 'x' } })
    const run = await delivered({ plan: reading, trigger: reading.triggers[0]!, first })
    expect(run.carried).toEqual({ trigger: { name: 'changed', request: { query: { page: '2' } } } })
    expect((await delivered({ plan, trigger: changed, first })).carried).toEqual({})
  })

  it('publishes a fire twice as one run with one message, in two copies', async () => {
    const at = Date.parse('2026-03-01T03:00:00Z')
    const first = scheduledMessage(nightly, { at })
    const run = fireRunId({ flow: 'uid-contacts', trigger: 'nightly', at })
    const one = await delivered({ plan, trigger: nightly, first, run })
    const two = await delivered({ plan, trigger: nightly, first, run })
    expect([one.message.id, one.message.headers.run]).toEqual([run, run])
    expect(two.message.id).toBe(run)
    expect(two.message.body).toEqual(one.message.body)
    expect(two.message.headers.copy).not.toBe(one.message.headers.copy)
  })

  it('starts nothing where nobody owns the queue', async () => {
    const broker = openMemoryBroker({ clock })
    const runs: Run[] = []
    const deps = { broker, clock, ids: { freshId }, onRun: (run: Run) => runs.push(run) }
    expect(await startRun(deps, { plan, trigger: byHand, first: manualMessage(byHand) })).toEqual({
      kind: 'unroutable',
    })
    expect(runs).toEqual([])
  })
})

const request = {
  method: 'POST',
  url: '/contacts/7?page=2',
  originalUrl: '/hooks/default/contacts/7?page=2',
  path: '/contacts/7',
  params: { id: '7' },
  query: { page: '2' },
  headers: { 'content-type': 'application/json' },
}

describe('the first message', () => {
  it('of a schedule names its times, in the words of the Open Integration Hub too', () => {
    const [at, nextAt] = [Date.parse('2026-03-01T02:00:00Z'), Date.parse('2026-03-02T02:00:00Z')]
    expect(scheduledMessage(nightly, { at, nextAt })).toEqual({
      message: {
        data: {
          scheduledAt: '2026-03-01T02:00:00.000Z',
          nextScheduledAt: '2026-03-02T02:00:00.000Z',
          sheduledTimestamp: '2026-03-01T02:00:00.000Z',
          nextSheduledTimestamp: '2026-03-02T02:00:00.000Z',
        },
        metadata: { source: { name: 'nightly', type: 'scheduler' } },
        attachments: {},
      },
      view: expect.objectContaining({ name: 'nightly', kind: 'schedule', scheduledAt: '2026-03-01T02:00:00.000Z' }),
    })
  })

  it('of a webhook has the body as data and the request beside it', () => {
    const { message, view } = webhookMessage(changed, { ...request, body: [1] })
    expect(message).toEqual({
      data: [1],
      metadata: { source: { name: 'changed', type: 'webhook' } },
      attachments: {},
      headers: request.headers,
      url: request.url,
      originalUrl: request.originalUrl,
      method: 'POST',
      query: { page: '2' },
      params: { id: '7' },
      pathSuffix: '',
    })
    expect(view.request).toEqual({
      method: 'POST',
      path: '/contacts/7',
      params: { id: '7' },
      query: { page: '2' },
      headers: request.headers,
    })
  })

  it('of a webhook without a body has the query as data, and of one with null null', () => {
    expect(webhookMessage(changed, request).message.data).toEqual({ page: '2' })
    expect(webhookMessage(changed, { ...request, body: null }).message.data).toBeNull()
  })

  it.each([
    { name: 'by hand', trigger: byHand, want: { data: { a: 1 }, headers: { 'x-key': 'v' } } },
    {
      name: 'of a webhook by hand',
      trigger: changed,
      want: { data: { a: 1 }, headers: { 'x-key': 'v' }, method: 'POST' },
    },
    { name: 'of a schedule by hand', trigger: nightly, want: { data: { a: 1 } } },
    { name: 'of a poll by hand', trigger: poll, want: { data: { a: 1 } } },
  ])('$name has the data as given', ({ trigger, want }) => {
    const { message, view } = handFiredMessage(trigger, { data: { a: 1 }, headers: { 'X-Key': 'v' }, at: 0 })
    expect(message).toMatchObject(want)
    expect(view).toMatchObject({ name: trigger.name, kind: trigger.kind, data: { a: 1 } })
  })
})
