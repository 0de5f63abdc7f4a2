import { createHmac } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Trigger, WebhookTrigger } from '../../crds/v1alpha1/trigger.ts'
import type { Delivery } from '../broker/broker.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { simulatedClock } from '../clock.ts'
import { TransientError } from '../error.ts'
import type { CredentialSource } from '../plan-source.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { depthGate } from '../trigger/gate.ts'
import { samplePlan, samplePlans } from '../../test/samples/sample-plan.ts'
import { payloadOf } from '../wire/body.ts'
import { freshId } from '../wire/message-id.ts'
import type { Reply } from '../wire/reply.ts'
import { replyMessage } from '../wire/reply.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { openGateway } from './open-gateway.ts'

const queue = 'uid-contacts._core'
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

type Webhook = Partial<WebhookTrigger>

const hook = (webhook: Webhook = {}, name = 'changed'): Trigger => ({
  name,
  webhook: { path: '/contacts', auth: { none: {} }, ...webhook },
})

const secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  login: { username: 'anna', password: 'secret' },
  key: { key: 'k1' },
  signing: { secret: 's3cret' },
  empty: {},
}

const credentials: CredentialSource = {
  get: async (_, name) => {
    if (name === 'down') throw new TransientError('SecretUnavailable', 'no answer')
    const fields = secrets[name]
    return fields && { type: 'any', fields }
  },
}

async function world(triggers: readonly Trigger[], parts: Partial<GatewayParts> = {}) {
  const clock = simulatedClock(Date.parse('2026-03-01T12:00:00Z'))
  const broker = openMemoryBroker({ clock })
  const store = openMemoryStore({ clock })
  const plans = samplePlans(samplePlan({ triggers }))
  await broker.declareQueues([{ name: queue }])
  const deliveries: Delivery[] = []
  const subscription = await broker.consume(queue, { prefetch: 1000 }, (delivery) => {
    deliveries.push(delivery)
    delivery.ack()
  })
  const logged: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line) => void logged.push(JSON.parse(line)) })
  const gateway = await openGateway({
    port: 0,
    host: '127.0.0.1',
    plans,
    credentials,
    broker,
    store,
    clock,
    log,
    ...parts,
  })
  closers.push(store.close, broker.close, async () => {
    const closed = gateway.close(0)
    await clock.advance(1000)
    await closed
  })
  const messages = () =>
    deliveries.map(({ message }) => ({
      ...message,
      payload: JSON.parse(payloadOf(message.body).toString()) as Payload,
    }))
  return {
    clock,
    broker,
    store,
    plans,
    gateway,
    logged,
    messages,
    subscription,
    base: `${gateway.url}/hooks/default`,
    /** Resolves when so many messages have arrived. */
    arrived: (count: number) => vi.waitFor(() => expect(deliveries.length).toBe(count), { timeout: 5000, interval: 5 }),
    reply: async (reply: Reply, at = 0) => {
      const { headers } = messages()[at]!
      return broker.publish({ kind: 'queue', queue: headers.replyTo ?? '' }, replyMessage(headers, reply, { freshId }))
    },
  }
}

interface Payload {
  readonly data: unknown
  readonly headers: Record<string, string>
  readonly [key: string]: unknown
}

const post = (url: string, body: unknown = { id: 1 }, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  })

const problemOf = async (response: Response) => {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  return (await response.json()) as Record<string, unknown>
}

/** What `fetch` would not send. */
function raw(
  url: string,
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string },
) {
  const { port } = new URL(url)
  const { method = 'GET', path = '/', headers = {}, body } = options
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>((resolve, reject) => {
    const request = httpRequest({ port, method, path, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

describe('a webhook', () => {
  it('answers 202 with the run, after its message is safe', async () => {
    const { base, messages, gateway } = await world([hook({ path: '/contacts/{id}' })])
    const response = await post(`${base}/contacts/7?page=2&page=3`, { name: 'Zoë' })
    const { run } = (await response.json()) as { run: string }
    expect(response.status).toBe(202)
    expect(response.headers.get('location')).toBe(`/runs/default/${run}`)
    const [message] = messages()
    expect(message).toMatchObject({ id: run, headers: { run, flow: 'uid-contacts', trigger: 'changed', at: 'fetch' } })
    expect(message?.headers).not.toHaveProperty('replyTo')
    expect(message?.payload).toMatchObject({
      data: { name: 'Zoë' },
      metadata: { source: { name: 'changed', type: 'webhook' } },
      method: 'POST',
      url: '/contacts/7?page=2&page=3',
      originalUrl: '/hooks/default/contacts/7?page=2&page=3',
      params: { id: '7' },
      query: { page: ['2', '3'] },
      pathSuffix: '',
    })
    expect(message?.payload.headers['content-type']).toBe('application/json')
    expect(gateway.hooks()).toEqual([
      {
        namespace: 'default',
        path: '/contacts/{id}',
        methods: ['POST'],
        flow: 'uid-contacts',
        trigger: 'changed',
        url: `${gateway.url}/hooks/default/contacts/{id}`,
      },
    ])
  })

  it('gives runs that cannot be guessed from one another', async () => {
    const { base } = await world([hook()])
    const ids = await Promise.all(
      [1, 2].map(async () => ((await (await post(`${base}/contacts`)).json()) as { run: string }).run),
    )
    expect(ids[0]?.slice(0, 8)).not.toBe(ids[1]?.slice(0, 8))
    expect(ids[0]).toMatch(/^[\da-f]{32}$/)
  })

  it('takes a GET with its query for the data', async () => {
    const { base, messages } = await world([hook({ methods: ['GET'] })])
    expect((await fetch(`${base}/contacts?a=1`)).status).toBe(202)
    expect(messages()[0]?.payload.data).toEqual({ a: '1' })
  })

  it('hands a trace on, and no rubbish in its place', async () => {
    const { base, messages } = await world([hook()])
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await post(`${base}/contacts`, {}, { traceparent })
    await post(`${base}/contacts`, {}, { traceparent: `${traceparent}; drop` })
    expect(messages().map(({ headers }) => headers.traceparent)).toEqual([traceparent, undefined])
  })

  it('answers as it is told to', async () => {
    const accepted = {
      status: 200,
      body: '{"thanks": data.name, "run": $run.id, "flow": $flow.name, "via": $trigger.name}',
    }
    const { base, messages } = await world([hook({ accepted })])
    const response = await post(`${base}/contacts`, { name: 'Anna' })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ thanks: 'Anna', run: messages()[0]?.id, flow: 'contacts', via: 'changed' })
  })

  it('answers with text as it is, and with nothing when nothing comes out', async () => {
    const { base } = await world([
      hook({ accepted: { body: 'data.challenge' } }),
      hook({ path: '/silent', accepted: { status: 204, body: 'data.nothing' } }, 'silent'),
    ])
    const challenge = await post(`${base}/contacts`, { challenge: 'abc' })
    expect([await challenge.text(), challenge.headers.get('content-type')]).toEqual([
      'abc',
      'text/plain; charset=utf-8',
    ])
    const silent = await post(`${base}/silent`)
    expect([silent.status, await silent.text()]).toEqual([204, ''])
  })

  it('starts nothing when its answer fails', async () => {
    const { base, messages } = await world([hook({ accepted: { body: 'data.id + "x"' } })])
    const response = await post(`${base}/contacts`)
    expect(response.status).toBe(500)
    expect(await problemOf(response)).toMatchObject({ code: 'ExpressionFailed' })
    expect(messages()).toEqual([])
  })

  it.each([
    { name: 'a form', type: 'application/x-www-form-urlencoded', body: 'a=1&b=x+y', data: { a: '1', b: 'x y' } },
    { name: 'text', type: 'text/csv', body: 'a;b\n1;2', data: 'a;b\n1;2' },
    {
      name: 'bytes',
      type: 'application/pdf',
      body: '%PDF',
      data: { contentType: 'application/pdf', base64: 'JVBERg==' },
    },
    { name: 'nothing', type: 'application/json', body: '', data: {} },
  ])('takes $name', async ({ type, body, data }) => {
    const { base, messages } = await world([hook()])
    expect((await fetch(`${base}/contacts`, { method: 'POST', body, headers: { 'content-type': type } })).status).toBe(
      202,
    )
    expect(messages()[0]?.payload.data).toEqual(data)
  })

  it('unpacks what is packed, and knows a bomb', async () => {
    const { base, messages } = await world([hook({ maxBodyBytes: 1000 })])
    const send = (body: Buffer, encoding: string) =>
      fetch(`${base}/contacts`, {
        method: 'POST',
        body: new Uint8Array(body),
        headers: { 'content-type': 'application/json', 'content-encoding': encoding },
      })
    expect((await send(gzipSync('{"a":1}'), 'gzip')).status).toBe(202)
    expect(messages()[0]?.payload.data).toEqual({ a: 1 })
    expect((await send(gzipSync('['.repeat(100_000)), 'gzip')).status).toBe(413)
    expect((await send(Buffer.from('{"a":1}'), 'gzip')).status).toBe(400)
    expect((await send(Buffer.from('{}'), 'zstd')).status).toBe(415)
  })
})

describe('what a webhook refuses', () => {
  it.each([
    { name: 'a path that is nobody’s', path: '/hooks/default/nothing', status: 404, code: 'NotFound' },
    { name: 'a namespace that is nobody’s', path: '/hooks/other/contacts', status: 404, code: 'NotFound' },
    { name: 'the root', path: '/', status: 404, code: 'NotFound' },
    { name: 'hooks alone', path: '/hooks', status: 404, code: 'NotFound' },
    { name: 'a path out of its tree', path: '/hooks/default/../../etc/passwd', status: 400, code: 'InvalidPath' },
    { name: 'the same in disguise', path: '/hooks/default/%2e%2e/x', status: 400, code: 'InvalidPath' },
    { name: 'what is not percent-encoded', path: '/hooks/default/%zz', status: 400, code: 'InvalidPath' },
    { name: 'a prototype’s name', path: '/__proto__/constructor', status: 404, code: 'NotFound' },
  ])('$name', async ({ path, status, code }) => {
    const { gateway } = await world([hook()])
    const response = await raw(gateway.url, { method: 'POST', path })
    expect(response.status).toBe(status)
    expect(JSON.parse(response.body)).toMatchObject({ status, code })
  })

  it('another method, naming its own', async () => {
    const { base, messages } = await world([hook({ methods: ['POST', 'PUT'] })])
    const response = await fetch(`${base}/contacts`)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, PUT, HEAD, OPTIONS')
    expect(await problemOf(response)).toMatchObject({ code: 'MethodNotAllowed' })
    const head = await fetch(`${base}/contacts`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const options = await fetch(`${base}/contacts`, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, PUT, HEAD, OPTIONS'])
    expect(messages()).toEqual([])
  })

  it('a body that is too large, whether it says so or not', async () => {
    const { base, messages } = await world([hook({ maxBodyBytes: 100 })])
    expect((await post(`${base}/contacts`, 'x'.repeat(98))).status).toBe(202)
    const declared = await post(`${base}/contacts`, 'x'.repeat(99))
    expect(declared.status).toBe(413)
    expect(await problemOf(declared)).toMatchObject({ code: 'BodyTooLarge' })
    const stream = new ReadableStream({
      start: (controller) => {
        for (let chunk = 0; chunk < 20; chunk += 1) controller.enqueue(new Uint8Array(10_000))
        controller.close()
      },
    })
    const streamed = await fetch(`${base}/contacts`, { method: 'POST', body: stream, duplex: 'half' })
    expect(streamed.status).toBe(413)
    expect(messages()).toHaveLength(1)
  })

  it('a megabyte and more, when nothing else is said', async () => {
    const { base } = await world([hook()])
    expect((await post(`${base}/contacts`, 'x'.repeat(1024 * 1024 - 2))).status).toBe(202)
    expect((await post(`${base}/contacts`, 'x'.repeat(1024 * 1024 - 1))).status).toBe(413)
  })

  it.each(['{"a":', 'nonsense', '['.repeat(100_000)])('JSON that is none: %.20s', async (body) => {
    const { base, messages } = await world([hook()])
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${base}/contacts`, { method: 'POST', body, headers })
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ code: 'InvalidBody' })
    expect(messages()).toEqual([])
  })

  it('what does not fit its schema, saying where', async () => {
    const schema = {
      type: 'object',
      required: ['email'],
      additionalProperties: false,
      properties: { email: { type: 'string', pattern: '^(a+)+@' }, tags: { type: 'array', items: { type: 'string' } } },
    }
    const { base, messages } = await world([hook({ schema })])
    const response = await post(`${base}/contacts`, { tags: ['x', 1], extra: true })
    expect(response.status).toBe(422)
    expect(await problemOf(response)).toMatchObject({
      code: 'SchemaViolation',
      errors: [
        { path: '/', message: "must have required property 'email'" },
        { path: '/', message: 'must NOT have additional properties: extra' },
        { path: '/tags/1', message: 'must be string' },
      ],
    })
    expect((await post(`${base}/contacts`, { email: 'aa@x' })).status).toBe(202)
    // By a backtracking engine this would take longer than the universe is old.
    expect((await post(`${base}/contacts`, { email: 'a'.repeat(100_000) })).status).toBe(422)
    expect((await fetch(`${base}/contacts`, { method: 'POST' })).status).toBe(422)
    expect(messages()).toHaveLength(1)
  })

  it('what its schema takes too long for, and goes on with the others', async () => {
    const slow = hook({ path: '/slow', schema: { uniqueItems: true } }, 'slow')
    const { base, messages } = await world([hook(), slow])
    const body = Array.from({ length: 20_000 }, (_, at) => ({ at }))
    for (const sent of [body, [1]]) {
      const response = await post(`${base}/slow`, sent)
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
      expect(await problemOf(response)).toMatchObject({ code: 'WebhookTooSlow' })
    }
    expect((await post(`${base}/contacts`, body)).status).toBe(202)
    expect(messages()).toHaveLength(1)
  })

  it('what its answer takes too long for, and starts nothing', async () => {
    const endless = hook({ accepted: { body: '($f := function($n) { $f($n + 1) }; $f(0))' } })
    const { base, messages, clock } = await world([endless, hook({ path: '/other' }, 'other')])
    expect(await problemOf(await post(`${base}/contacts`))).toMatchObject({ status: 500, code: 'ExpressionTimedOut' })
    expect(await problemOf(await post(`${base}/contacts`))).toMatchObject({ status: 503, code: 'WebhookTooSlow' })
    expect((await post(`${base}/other`)).status).toBe(202)
    await clock.advance(2_000)
    expect(await problemOf(await post(`${base}/contacts`))).toMatchObject({ status: 500, code: 'ExpressionTimedOut' })
    expect((await post(`${base}/contacts`)).headers.get('retry-after')).toBe('4')
    expect(messages()).toHaveLength(1)
  })

  it('everything while its schema is none', async () => {
    const { base } = await world([hook({ schema: { type: 'nonsense' } })])
    const response = await post(`${base}/contacts`)
    expect([response.status, (await problemOf(response))['code']]).toEqual([500, 'InvalidSchema'])
  })

  it('everything while its flow is suspended, and nothing afterwards', async () => {
    const triggers = [hook()]
    const { base, plans } = await world(triggers)
    plans.set(samplePlan({ triggers, suspend: true }))
    const response = await post(`${base}/contacts`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '60'])
    expect(await problemOf(response)).toMatchObject({ code: 'FlowSuspended' })
    plans.set(samplePlan({ triggers }))
    expect((await post(`${base}/contacts`)).status).toBe(202)
  })

  it('what its flow has no room for', async () => {
    const clock = simulatedClock()
    let waiting = 2
    const gate = depthGate({ depth: async () => ({ ready: waiting, consumers: 1 }) }, clock, 2)
    const { base, messages } = await world([hook()], { gate })
    const response = await post(`${base}/contacts`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '5'])
    expect(await problemOf(response)).toMatchObject({ code: 'FlowBusy' })
    waiting = 0
    await clock.advance(200)
    expect((await post(`${base}/contacts`)).status).toBe(202)
    expect(messages()).toHaveLength(1)
  })

  it('more requests, bytes or waiting callers than it has room for', async () => {
    const none = await world([hook()], { limits: { inFlight: 0 } })
    expect((await problemOf(await post(`${none.base}/contacts`)))['code']).toBe('Busy')
    const small = await world([hook()], { limits: { bufferedBytes: 10 } })
    const refused = await post(`${small.base}/contacts`, 'x'.repeat(20))
    expect([refused.status, (await problemOf(refused))['code']]).toEqual([503, 'Busy'])
    expect((await post(`${small.base}/contacts`, 1)).status).toBe(202)
    const still = await world([hook({ reply: 'sync' })], { limits: { waiting: 0 } })
    expect((await post(`${still.base}/contacts`)).status).toBe(503)
  })

  it('bodies that have no room when they are unpacked; what they took is free again', async () => {
    const { base, messages } = await world([hook()], { limits: { bufferedBytes: 300_000 } })
    const send = (length: number, encoding: string, pack: (body: string) => Buffer) =>
      fetch(`${base}/contacts`, {
        method: 'POST',
        body: new Uint8Array(pack(JSON.stringify('x'.repeat(length)))),
        headers: { 'content-type': 'application/json', 'content-encoding': encoding },
      })
    const packers = [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ] as const
    for (const [encoding, pack] of packers) {
      const refused = await send(400_000, encoding, pack)
      expect([refused.status, (await problemOf(refused))['code']]).toEqual([503, 'Busy'])
      expect((await send(200_000, encoding, pack)).status).toBe(202)
    }
    expect(messages()).toHaveLength(3)
  })
})

describe('who may call', () => {
  const auths = {
    basic: { basic: { credential: 'login' } },
    apiKey: { apiKey: { credential: 'key', in: 'query' as const, name: 'token' } },
    headerKey: { apiKey: { credential: 'key' } },
    hmac: { hmac: { credential: 'signing', header: 'X-Hub-Signature-256', prefix: 'sha256=' } },
  }

  it('is told by user name and password, which go no further', async () => {
    const { base, messages } = await world([hook({ auth: auths.basic })])
    const refused = await post(`${base}/contacts`)
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'Basic realm="webhook", charset="UTF-8"',
    ])
    expect(await problemOf(refused)).toEqual({
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      code: 'Unauthenticated',
      detail: 'the request is not authenticated',
    })
    const authorization = `Basic ${Buffer.from('anna:secret').toString('base64')}`
    expect((await post(`${base}/contacts`, {}, { authorization })).status).toBe(202)
    expect(JSON.stringify(messages())).not.toContain(authorization)
    expect(messages()[0]?.payload.headers).not.toHaveProperty('authorization')
  })

  it('is told by a key, which goes no further', async () => {
    const { base, messages } = await world([
      hook({ auth: auths.apiKey }),
      hook({ auth: auths.headerKey, path: '/by-header' }, 'by-header'),
    ])
    expect((await post(`${base}/contacts?token=k2`)).status).toBe(401)
    expect((await post(`${base}/contacts?a=1&token=k1&b=2`)).status).toBe(202)
    expect(messages()[0]?.payload).toMatchObject({ url: '/contacts?a=1&b=2', query: { a: '1', b: '2' } })
    expect((await post(`${base}/by-header`, {}, { 'X-Api-Key': 'k1' })).status).toBe(202)
    expect(JSON.stringify(messages().map(({ payload }) => payload))).not.toContain('k1')
  })

  it('is told by the signature of the bytes that were sent', async () => {
    const { base, messages } = await world([hook({ auth: auths.hmac })])
    const body = '{ "id" : 1 }'
    const sign = (bytes: string | Buffer) => `sha256=${createHmac('sha256', 's3cret').update(bytes).digest('hex')}`
    const send = (bytes: string | Buffer, signature: string, headers = {}) =>
      fetch(`${base}/contacts`, {
        method: 'POST',
        body: new Uint8Array(Buffer.from(bytes)),
        headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature, ...headers },
      })
    expect((await send(body, sign(body))).status).toBe(202)
    expect((await send(body, sign('{"id":1}'))).status).toBe(401)
    const packed = gzipSync(body)
    expect((await send(packed, sign(packed), { 'content-encoding': 'gzip' })).status).toBe(202)
    expect(messages().map(({ payload }) => payload.data)).toEqual([{ id: 1 }, { id: 1 }])
  })

  it('is judged before the body is read', async () => {
    const { gateway } = await world([hook({ auth: auths.basic })])
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(gateway.port, '127.0.0.1', () => {
        socket.write('POST /hooks/default/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nbut no more')
      })
      socket.once('data', (data) => {
        resolve(data.toString())
        socket.destroy()
      })
      socket.on('error', reject)
    })
    expect(answer).toContain('HTTP/1.1 401')
  })

  it.each([
    { name: 'is not there', credential: 'missing' },
    { name: 'has no fields', credential: 'empty' },
    { name: 'cannot be read', credential: 'down' },
  ])('is nobody while the credential $name', async ({ credential }) => {
    const { base, messages, logged } = await world([hook({ auth: { apiKey: { credential } } })])
    const response = await post(`${base}/contacts`, {}, { 'x-api-key': '' })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10'])
    expect(await problemOf(response)).toMatchObject({ code: 'CredentialUnavailable' })
    expect(messages()).toEqual([])
    expect(logged).toHaveLength(1)
  })

  it('cannot be told by a certificate here, whatever a header says', async () => {
    const { base } = await world([hook({ auth: { mtls: { credential: 'login' } } })])
    const response = await post(`${base}/contacts`, {}, { 'ssl-client-verify': 'SUCCESS' })
    expect([response.status, (await problemOf(response))['code']]).toEqual([501, 'MutualTlsUnavailable'])
  })
})

describe('while the broker fails', () => {
  it('answers 503 when it does not know whether the message is safe', async () => {
    const down = openMemoryBroker()
    await down.close()
    const { base, logged } = await world([hook(), hook({ path: '/sync', reply: 'sync' }, 'sync')], { broker: down })
    for (const path of ['/contacts', '/sync']) {
      const response = await post(base + path)
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
      expect(await problemOf(response)).toMatchObject({ code: 'Unavailable' })
    }
    expect(logged.map(({ level }) => level)).toEqual([40, 40])
  })

  it('answers 503 when it does not know whether there is room', async () => {
    const gate = { hasRoom: () => Promise.reject(new TransientError('BrokerConnectionLost', 'it is away')) }
    const { base, logged } = await world([hook()], { gate })
    const response = await post(`${base}/contacts`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(logged.map(({ level }) => level)).toEqual([40])
  })

  it('tries for five seconds to find a queue that is gone', async () => {
    const { base, broker, clock } = await world([hook()])
    await broker.deleteQueue(queue)
    const response = post(`${base}/contacts`)
    await vi.waitFor(() => expect(clock.nextAt()).toBeDefined())
    await clock.advance(5000)
    expect((await response).status).toBe(503)
  })

  it('publishes to the queue of the new plan, when an edit moved it meanwhile', async () => {
    const triggers = [hook()]
    const { base, broker, clock, plans } = await world(triggers)
    await broker.deleteQueue(queue)
    const response = post(`${base}/contacts`)
    await vi.waitFor(() => expect(clock.nextAt()).toBeDefined())
    const moved = samplePlan({ triggers, revision: 2 })
    plans.set({ ...moved, triggers: moved.triggers.map((trigger) => ({ ...trigger, queue: 'moved' })) })
    await broker.declareQueues([{ name: 'moved' }])
    await clock.advance(1000)
    expect((await response).status).toBe(202)
    expect(await broker.depth('moved')).toMatchObject({ ready: 1 })
  })

  it('reads the flow anew when nobody takes what it publishes: it has another queue, or no such trigger', async () => {
    const triggers = [hook()]
    const { base, broker, clock, plans } = await world(triggers)
    await broker.unbindQueue(queue)
    await broker.declareQueues([{ name: 'moved' }])
    const moved = samplePlan({ triggers, revision: 2 })
    plans.setUnseen({ ...moved, triggers: moved.triggers.map((trigger) => ({ ...trigger, queue: 'moved' })) })
    const response = post(`${base}/contacts`)
    await vi.waitFor(() => expect(clock.nextAt()).toBeDefined())
    await clock.advance(1000)
    expect([(await response).status, (await broker.depth('moved'))?.ready]).toEqual([202, 1])
    await broker.unbindQueue('moved')
    plans.setUnseen(samplePlan({ triggers: [hook({}, 'other')], revision: 3 }))
    const last = post(`${base}/contacts`)
    await vi.waitFor(() => expect(clock.nextAt()).toBeDefined())
    await clock.advance(1000)
    expect((await last).status).toBe(404)
  })

  it('answers 404 when the trigger is gone, before and after a refresh', async () => {
    const { base, plans, gateway } = await world([hook()])
    plans.set(samplePlan({ triggers: [hook({ path: '/new' }, 'new')], revision: 2 }))
    expect((await post(`${base}/contacts`)).status).toBe(404)
    expect((await post(`${base}/new`)).status).toBe(404)
    gateway.refresh()
    expect((await post(`${base}/contacts`)).status).toBe(404)
    expect((await post(`${base}/new`)).status).toBe(202)
  })
})

describe('reply: sync', () => {
  const sync = (more: Webhook = {}) => hook({ reply: 'sync', ...more })

  it('answers with what the flow responds', async () => {
    const { base, arrived, reply, messages } = await world([sync()])
    const response = post(`${base}/contacts`)
    await arrived(1)
    expect(messages()[0]?.headers.replyTo).toMatch(/^reply\./)
    await reply({ kind: 'response', status: 201, headers: { 'X-Total': '2' }, body: { id: 7 } })
    expect((await response).status).toBe(201)
    expect((await response).headers.get('x-total')).toBe('2')
    expect(await (await response).json()).toEqual({ id: 7 })
  })

  it('lets callers wait without keeping others out', async () => {
    const { base, arrived, reply } = await world([sync()], { limits: { inFlight: 1 } })
    const responses = [post(`${base}/contacts`)]
    await arrived(1)
    responses.push(post(`${base}/contacts`))
    await arrived(2)
    for (const at of [0, 1]) await reply({ kind: 'response', status: 200, headers: {}, body: 'ok' }, at)
    expect((await Promise.all(responses)).map(({ status }) => status)).toEqual([200, 200])
  })

  it('gives each caller its own answer, and the first one of several', async () => {
    const { base, arrived, reply } = await world([sync()])
    const responses = [post(`${base}/contacts`, 0)]
    await arrived(1)
    responses.push(post(`${base}/contacts`, 1))
    await arrived(2)
    await reply({ kind: 'response', status: 200, headers: {}, body: 'second' }, 1)
    await reply({ kind: 'response', status: 200, headers: {}, body: 'first' }, 0)
    await reply({ kind: 'response', status: 200, headers: {}, body: 'late' }, 0)
    expect(await Promise.all(responses.map(async (response) => (await response).text()))).toEqual(['first', 'second'])
  })

  it('answers at once with the problem when a message dies', async () => {
    const { base, arrived, reply, messages } = await world([sync()])
    const response = post(`${base}/contacts`)
    await arrived(1)
    const run = messages()[0]!.id
    await reply({ kind: 'failed', code: 'ComponentFailed', message: 'no such contact', run })
    expect((await response).status).toBe(500)
    expect(await problemOf(await response)).toMatchObject({ code: 'ComponentFailed', detail: 'no such contact', run })
  })

  it('is downgraded to 202 when the time is over', async () => {
    const { base, arrived, clock, messages } = await world([sync({ sync: { timeoutSeconds: 5 } })])
    const response = post(`${base}/contacts`)
    await arrived(1)
    await clock.advance(5000)
    expect((await response).status).toBe(202)
    expect((await response).headers.get('location')).toBe(`/runs/default/${messages()[0]?.id}`)
  })

  it('waits thirty seconds when nothing else is said', async () => {
    const { base, arrived, clock, reply } = await world([sync()])
    const response = post(`${base}/contacts`)
    await arrived(1)
    await clock.advance(29_999)
    await reply({ kind: 'response', status: 200, headers: {}, body: 'just in time' })
    expect(await (await response).text()).toBe('just in time')
  })

  it('is an error when the time is over, where that is asked for', async () => {
    const { base, arrived, clock } = await world([sync({ sync: { timeoutSeconds: 5, onTimeout: 'error' } })])
    const response = post(`${base}/contacts`)
    await arrived(1)
    await clock.advance(5000)
    expect((await response).status).toBe(504)
    expect(await problemOf(await response)).toMatchObject({ code: 'ResponseTimedOut', run: expect.any(String) })
  })

  it('forgets a caller that has gone', async () => {
    const { base, arrived, clock } = await world([sync()])
    const leaving = new AbortController()
    const response = fetch(`${base}/contacts`, { method: 'POST', signal: leaving.signal })
    await arrived(1)
    expect(clock.nextAt()).toBeDefined()
    leaving.abort()
    await expect(response).rejects.toThrow()
    await vi.waitFor(() => expect(clock.nextAt()).toBeUndefined())
  })

  it('survives rubbish on its queue, and the loss of it', async () => {
    const { base, arrived, reply, broker, messages, logged } = await world([sync()])
    const first = post(`${base}/contacts`)
    await arrived(1)
    const { headers, id } = messages()[0]!
    const replyTo = headers.replyTo ?? ''
    for (const body of ['', 'null', '{"kind":"response"}', '{"kind":"other"}']) {
      await broker.publish({ kind: 'queue', queue: replyTo }, { id, headers, body: Buffer.from(body) })
    }
    await reply({ kind: 'response', status: 200, headers: {}, body: 'ok' })
    expect(await (await first).text()).toBe('ok')
    expect(logged.filter(({ msg }) => msg === 'message is no reply')).toHaveLength(4)

    await broker.deleteQueue(replyTo)
    const second = post(`${base}/contacts`)
    await arrived(2)
    await reply({ kind: 'response', status: 200, headers: {}, body: 'again' }, 1)
    expect(await (await second).text()).toBe('again')
  })
})

describe('a run’s status', () => {
  it('is there as soon as the 202, and tells what happened and no data', async () => {
    const { base, gateway, store, messages, clock } = await world([hook()])
    const { headers } = await post(`${base}/contacts`, { name: 'Anna' })
    const url = gateway.url + headers.get('location')
    const run = messages()[0]!.id
    expect(await (await fetch(url)).json()).toEqual({
      run,
      namespace: 'default',
      flow: 'contacts',
      trigger: 'changed',
      revision: 1,
      startedAt: '2026-03-01T12:00:00.000Z',
      messages: {},
    })
    const event = {
      namespace: 'default',
      flow: 'uid-contacts',
      run,
      step: 's',
      messageId: run,
      attempt: 1,
      emitted: 0,
      at: clock.now(),
      durationMs: 1,
    }
    await store.runs.addEvents([
      { ...event, kind: 'retried' },
      { ...event, kind: 'dead', code: 'ComponentFailed', error: 'password=hunter2', at: clock.now() + 5000 },
    ])
    const status = await (await fetch(url)).json()
    expect(status).toMatchObject({ messages: { retried: 1, dead: 1 }, lastEventAt: '2026-03-01T12:00:05.000Z' })
    expect(JSON.stringify(status)).not.toContain('hunter2')
  })

  it('comes from the store for what this gateway did not start', async () => {
    const { gateway, store, clock } = await world([])
    await store.runs.addRuns([
      { namespace: 'default', flow: 'uid-x', id: 'run-1', trigger: 't', revision: 3, startedAt: clock.now() },
    ])
    expect(await (await fetch(`${gateway.url}/runs/default/run-1`)).json()).toMatchObject({ run: 'run-1', revision: 3 })
    expect((await fetch(`${gateway.url}/runs/default/run-2`)).status).toBe(404)
    expect((await fetch(`${gateway.url}/runs/other/run-1`)).status).toBe(404)
    expect((await fetch(`${gateway.url}/runs/default/run-1/more`)).status).toBe(404)
    expect((await fetch(`${gateway.url}/runs/default/run-1`, { method: 'DELETE' })).status).toBe(405)
  })
})

describe('the server', () => {
  it('is healthy, and has no other pages', async () => {
    const { gateway } = await world([])
    expect(await (await fetch(`${gateway.url}/healthz`)).json()).toEqual({ status: 'ok' })
    expect((await fetch(`${gateway.url}/healthz`, { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(`${gateway.url}/healthz`, { method: 'POST' })).status).toBe(405)
    expect((await fetch(`${gateway.url}/healthz/x`)).status).toBe(404)
    expect((await raw(gateway.url, { method: 'OPTIONS', path: '*' })).status).toBe(204)
    expect((await raw(gateway.url, { path: 'http://elsewhere.example/healthz' })).status).toBe(200)
  })

  it('writes no line for a request', async () => {
    const { base, logged } = await world([hook()])
    await post(`${base}/contacts`)
    await post(`${base}/nothing`)
    expect(logged).toEqual([])
  })

  it('says which port is taken', async () => {
    const { gateway, plans, broker, clock } = await world([])
    const parts = { plans, broker, clock, credentials, log: pino({ enabled: false }), host: '127.0.0.1' }
    await expect(openGateway({ ...parts, port: gateway.port })).rejects.toMatchObject({
      code: 'PortInUse',
      message: `port ${gateway.port} is in use: stop what uses it, or choose another port`,
    })
    await expect(openGateway({ ...parts, port: 0, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'AddressNotUsable',
    })
  })

  it('goes on with the next request of a connection after it refused one half way', async () => {
    const { gateway } = await world([hook({ maxBodyBytes: 10 })])
    const head = 'POST /hooks/default/contacts HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n'
    const answers = await new Promise<string>((resolve, reject) => {
      let text = ''
      const socket = connect(gateway.port, '127.0.0.1', () => {
        socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n20\r\n${'x'.repeat(32)}\r\n`)
      })
      socket.on('error', reject)
      socket.on('data', (data) => {
        const isFirst = text === ''
        text += data.toString()
        // The rest of the refused body, and a request behind it.
        if (isFirst)
          socket.write(`${`1000\r\n${'x'.repeat(4096)}\r\n`.repeat(100)}0\r\n\r\n${head}Content-Length: 2\r\n\r\nok`)
        else if (text.includes('202')) resolve(text)
        else return
        if (!isFirst) socket.destroy()
      })
    })
    expect(answers).toMatch(/^HTTP\/1\.1 413 [^]*HTTP\/1\.1 202 /)
  })

  it('survives callers that leave, stammer or speak no HTTP', async () => {
    const { base, gateway, logged } = await world([hook()])
    const say = (text: string) =>
      new Promise<void>((resolve) => {
        const socket = connect(gateway.port, '127.0.0.1', () => socket.end(text))
        socket.on('error', () => resolve())
        socket.on('close', () => resolve())
        socket.resume()
      })
    await say('\0\0\0\n\n')
    await say('POST /hooks/default/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
    await say(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`)
    expect((await post(`${base}/contacts`)).status).toBe(202)
    expect(logged).toEqual([])
  })

  it('finishes who is there when it closes, and answers who still waits at the deadline', async () => {
    const { base, gateway, arrived, clock, reply, broker, messages } = await world([hook({ reply: 'sync' })])
    const answered = post(`${base}/contacts`)
    await arrived(1)
    const waiting = post(`${base}/contacts`)
    await arrived(2)
    const replyTo = messages()[0]?.headers.replyTo ?? ''
    const closed = gateway.close(10_000)
    expect(gateway.close(10_000)).toBe(closed)
    await reply({ kind: 'response', status: 200, headers: {}, body: 'done' }, 0)
    expect(await (await answered).text()).toBe('done')
    await clock.advance(10_000)
    expect((await waiting).status).toBe(202)
    expect((await waiting).headers.get('connection')).toBe('close')
    await closed
    await expect(post(`${base}/contacts`)).rejects.toThrow()
    expect(await broker.depth(replyTo)).toBeUndefined()
  })

  it('does not wait for callers that send nothing when it closes', async () => {
    const { gateway, clock } = await world([hook()])
    const socket = connect(gateway.port, '127.0.0.1')
    await new Promise<void>((resolve) => socket.once('connect', resolve))
    socket.write('POST /hooks/default/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
    const ended = new Promise<void>((resolve) => {
      socket.on('error', () => resolve())
      socket.on('close', () => resolve())
    })
    const closed = gateway.close(1000)
    await clock.advance(1250)
    await closed
    await ended
  })
})
