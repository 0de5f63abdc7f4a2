import { once } from 'node:events'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { WeirProcess } from './weir-process.ts'
import { folderOf, startWeir } from './weir-process.ts'

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const traceId = parent.slice(3, 35)

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Heard {
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Keeps what it is sent, and answers with an empty object. */
async function listen(): Promise<{ readonly url: string; readonly heard: Heard[] }> {
  const heard: Heard[] = []
  const server: Server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part) => (text += String(part)))
    request.on('end', () => {
      heard.push({ headers: request.headers, text })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard }
}

interface Span {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
}

function spansIn(exports: readonly Heard[]): Span[] {
  return exports.flatMap(({ text }) => {
    const { resourceSpans } = JSON.parse(text) as {
      readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[]
    }
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
  })
}

const flow = (target: string): string => `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders}
spec:
  triggers:
  - {name: hook, webhook: {path: /in, auth: {none: {}}}}
  - {name: tick, schedule: {cron: "* * * * * *"}}
  steps:
  - {name: mark, component: pen, function: mark}
  - {name: send, clusterComponent: http, function: request, config: {method: POST, url: "${target}"}}
---
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: pen}
spec: {source: {files: {mark.js: "exports.process = async (msg) => ({data: msg.data})"}}}
`

async function start(
  target: string,
  env: Readonly<Record<string, string>>,
): Promise<{ one: WeirProcess; hook: string }> {
  const folder = folderOf({ 'flow.yaml': flow(target) })
  closers.push(folder.remove)
  const none = { WEIR_BROKER: '', WEIR_STORE: '', OTEL_EXPORTER_OTLP_ENDPOINT: '' }
  const one = startWeir(['run', 'flow.yaml', '--port', '0'], { cwd: folder.path, env: { ...none, ...env } })
  closers.push(async () => {
    one.signal('SIGKILL')
    await one.ended
  })
  return { one, hook: (await one.says(/POST {2}(http\S+)\n/))[1]! }
}

const post = (url: string): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: parent },
    body: '{"id": 1}',
  })

describe('a trace', () => {
  it('goes from the caller of a webhook over two steps to what the http component calls, a span each', async () => {
    const [target, collector] = await Promise.all([listen(), listen()])
    const { one, hook } = await start(target.url, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
    expect((await post(hook)).status).toBe(202)
    const ofHook = (): Heard[] => target.heard.filter(({ text }) => text.includes('"id":1'))
    await expect.poll(ofHook, { timeout: 30_000 }).toHaveLength(1)
    await expect.poll(() => target.heard.length, { timeout: 30_000 }).toBeGreaterThan(1)
    one.type('SIGINT')
    expect((await one.ended).code).toBe(0)

    const spans = spansIn(collector.heard)
    const own = spans.filter((span) => span.traceId === traceId)
    const line = ['hook', 'mark', 'send'].map((name) => own.find((span) => span.name === `orders/${name}`)!)
    expect(own).toHaveLength(3)
    expect(line.map(({ parentSpanId }) => parentSpanId)).toEqual([
      parent.slice(36, 52),
      ...line.slice(0, 2).map(({ spanId }) => spanId),
    ])
    // A producer, and two consumers.
    expect(line.map(({ kind }) => kind)).toEqual([4, 5, 5])
    expect(ofHook()[0]?.headers['traceparent']).toBe(`00-${traceId}-${line.at(-1)!.spanId}-01`)
    // A schedule begins a trace of its own for each fire.
    const fires = spans.filter(({ name }) => name === 'orders/tick')
    expect(fires.length).toBeGreaterThan(0)
    expect(fires.every((span) => (span.parentSpanId ?? '') === '' && span.traceId !== traceId)).toBe(true)
    expect(new Set(fires.map((span) => span.traceId)).size).toBe(fires.length)
  })

  it('is passed on as it came where nobody asks for spans', async () => {
    const target = await listen()
    const { one, hook } = await start(target.url, {})
    expect((await post(hook)).status).toBe(202)
    const ofHook = (): Heard[] => target.heard.filter(({ text }) => text.includes('"id":1'))
    await expect.poll(ofHook, { timeout: 30_000 }).toHaveLength(1)
    expect(ofHook()[0]?.headers['traceparent']).toBe(parent)
    one.type('SIGINT')
    await one.ended
  })
})
