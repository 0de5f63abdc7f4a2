import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { openTracing } from './open-tracing.ts'

const log = pino({ level: 'silent' })
const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
let server: Server | undefined

afterEach(() => {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
  server?.close()
  server?.closeAllConnections()
})

interface Received {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: object }[] }
    readonly scopeSpans: readonly { readonly spans: readonly Record<string, unknown>[] }[]
  }[]
}

/** A collector that keeps what it is sent. */
async function openCollector(): Promise<{ readonly url: string; readonly received: Received[] }> {
  const received: Received[] = []
  server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk) => (text += String(chunk)))
    request.on('end', () => {
      received.push(JSON.parse(text) as Received)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

describe('openTracing', () => {
  it.each([
    { name: 'nothing is configured', environment: {} },
    { name: 'an empty endpoint', environment: { OTEL_EXPORTER_OTLP_ENDPOINT: '' } },
    { name: 'it is switched off', environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' } },
    { name: 'no exporter', environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_TRACES_EXPORTER: 'none' } },
  ])('loads nothing when $name', async ({ environment }) => {
    expect(await openTracing({ environment, serviceName: 'weir-runner', log })).toBeUndefined()
  })

  it('sends a span for each delivery, as a child of what caused it', async () => {
    const { url, received } = await openCollector()
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_RESOURCE_ATTRIBUTES: 'site=north%20side,broken' }
    Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: url })
    const tracing = await openTracing({ environment, serviceName: 'weir-runner', log })
    const span = tracing?.tracer.startSpan('orders/fetch', parent, { 'weir.flow': 'orders' })
    expect(span?.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/)
    span?.end({ kind: 'retried', code: 'ComponentFailed', error: 'no' })
    const fresh = tracing?.tracer.startSpan('orders/fetch', 'rubbish', {})
    expect(fresh?.traceparent).not.toContain('0af7651916cd43dd8448eb211c80319c')
    fresh?.end({ kind: 'settled' })
    await tracing?.close()
    const [batch] = received.flatMap(({ resourceSpans }) => resourceSpans)
    expect(batch?.resource.attributes).toEqual(
      expect.arrayContaining([
        { key: 'service.name', value: { stringValue: 'weir-runner' } },
        { key: 'site', value: { stringValue: 'north side' } },
      ]),
    )
    const spans = received.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    )
    expect(spans).toHaveLength(2)
    expect(spans[0]).toMatchObject({
      name: 'orders/fetch',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentSpanId: 'b7ad6b7169203331',
      status: { code: 2, message: 'no' },
    })
  })

  it('goes on when nobody takes the spans', async () => {
    Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
    const tracing = await openTracing({ environment, serviceName: 'weir-runner', log })
    tracing?.tracer.startSpan('orders/fetch', undefined, {}).end({ kind: 'settled' })
    await tracing?.close()
  })
})
