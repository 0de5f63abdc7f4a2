import { execFileSync } from 'node:child_process'
import { createHmac, createVerify, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, createGzip, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

interface Emitted {
  readonly event: string
  readonly value: any // oxlint-disable-line typescript/no-explicit-any -- what a component emits is anything
}
type Process = (
  this: unknown,
  msg: unknown,
  cfg: object,
  snapshot?: unknown,
  headers?: object,
) => Promise<{ data: any; metadata: any } | undefined> // oxlint-disable-line typescript/no-explicit-any -- as above

const load = createRequire(import.meta.url)
const request = (load('./http/request.js') as { process: Process }).process
const poll = (load('./http/poll.js') as { process: Process }).process

const open: { close: (done: () => void) => unknown; closeAllConnections?: () => void }[] = []

afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections?.()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
})

/** A server on a free port of the loopback; its address. */
async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Given {
  readonly msg?: object
  readonly snapshot?: unknown
  readonly headers?: object
}

function call(process: Process, cfg: object, { msg = {}, snapshot = {}, headers = {} }: Given = {}) {
  const emitted: Emitted[] = []
  const taskExec = {
    emit: async (event: string, value: unknown) => {
      emitted.push({ event, value: structuredClone(value) })
      return true
    },
    logger: console,
  }
  const result = process.call(taskExec, { data: {}, metadata: {}, attachments: {}, ...msg }, cfg, snapshot, headers)
  return { emitted, result }
}

const ask = (cfg: object, msg: object = {}) => call(request, cfg, { msg }).result

async function failure(cfg: object, msg: object = {}): Promise<Record<string, unknown> & Error> {
  return ask(cfg, msg).then(
    () => expect.fail('the request should have failed'),
    (error: unknown) => error as Record<string, unknown> & Error,
  )
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** Answers with what was asked. */
const echo: RequestListener = (incoming, outgoing) =>
  void bodyOf(incoming).then((body) =>
    json(outgoing, { method: incoming.method, url: incoming.url, headers: incoming.headers, body }),
  )

function json(outgoing: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void {
  outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}

describe('http request', () => {
  it('gives the parsed body as data, and status, headers and address in metadata beside what came', async () => {
    const url = await serve((_, outgoing) =>
      json(outgoing, { id: 7 }, 201, { 'x-one': 'a', 'set-cookie': 'sid=secret' }),
    )
    const message = await ask(
      { url: `${url}/things`, method: 'post' },
      { data: { a: 1 }, metadata: { recordUid: 'r' } },
    )
    expect(message?.data).toEqual({ id: 7 })
    expect(message?.metadata).toMatchObject({
      recordUid: 'r',
      http: { status: 201, url: `${url}/things`, headers: { 'x-one': 'a', 'content-type': 'application/json' } },
    })
    expect(JSON.stringify(message)).not.toContain('secret')
  })

  it('passes the trace on that it belongs to, unless the config names another', async () => {
    const url = await serve(echo)
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const sent = async (cfg: object, headers: object): Promise<unknown> => {
      const message = await call(request, { url, ...cfg }, { headers }).result
      return (message?.data.headers as Record<string, unknown> | undefined)?.['traceparent']
    }
    expect(await sent({}, { traceparent })).toBe(traceparent)
    expect(await sent({}, {})).toBe(undefined)
    expect(await sent({ headers: { Traceparent: 'own' } }, { traceparent })).toBe('own')
  })

  it('writes query parameters: lists repeat, null leaves out, those of the address stay', async () => {
    const url = await serve(echo)
    const message = await ask({ url: `${url}/?a=0&z=1`, query: { a: 'ä&', b: [1, 2], c: null, d: { x: 1 } } })
    expect(message?.data.url).toBe(`/?z=1&a=%C3%A4%26&b=1&b=2&d=%7B%22x%22%3A1%7D`)
  })

  it.each([
    { name: 'the message as JSON by default', cfg: {}, body: '{"id":1}', type: 'application/json' },
    { name: 'another body', cfg: { body: [1, null] }, body: '[1,null]', type: 'application/json' },
    { name: 'null', cfg: { body: null }, body: 'null', type: 'application/json' },
    {
      name: 'a form',
      cfg: { body: { a: 'x y', b: [1, 2], c: null }, bodyType: 'form' },
      body: 'a=x+y&b=1&b=2',
      type: 'application/x-www-form-urlencoded',
    },
    { name: 'text', cfg: { body: 'hé', bodyType: 'text' }, body: 'hé', type: 'text/plain; charset=utf-8' },
    { name: 'bytes', cfg: { body: 'aGk=', bodyType: 'base64' }, body: 'hi', type: 'application/octet-stream' },
    { name: 'nothing', cfg: { bodyType: 'none' }, body: '', type: undefined },
    {
      name: 'a content type of its own',
      cfg: { headers: { 'Content-Type': 'application/vnd.api+json' } },
      body: '{"id":1}',
      type: 'application/vnd.api+json',
    },
  ])('sends $name', async ({ cfg, body, type }) => {
    const url = await serve(echo)
    const message = await ask({ url, method: 'PUT', ...cfg }, { data: { id: 1 } })
    expect(message?.data).toMatchObject({ method: 'PUT', body })
    expect(message?.data.headers['content-type']).toBe(type)
  })

  it('sends no body with GET unless the config has one', async () => {
    const url = await serve(echo)
    expect((await ask({ url }, { data: { id: 1 } }))?.data.body).toBe('')
    expect((await ask({ url, body: { q: 1 } }))?.data.body).toBe('{"q":1}')
  })

  it.each([
    { type: 'application/problem+json', body: '{"a":1}', data: { a: 1 } },
    { type: 'application/json; charset=utf-8', body: '\uFEFF[1]', data: [1] },
    { type: 'application/json', body: '', data: null },
    { type: 'text/plain; charset=iso-8859-1', body: Buffer.from([0xe9]), data: 'é' },
    { type: 'text/plain; charset=klingon', body: 'plain', data: 'plain' },
    { type: 'text/html', body: '{"looks":"like json"}', data: '{"looks":"like json"}' },
    { type: 'application/xml', body: '<a/>', data: '<a/>' },
    { type: 'image/png', body: Buffer.from([1, 2, 255]), data: 'AQL/' },
    { type: undefined, body: 'x', data: 'eA==' },
    { type: 'text/html', body: '{"a":1}', wanted: 'json', data: { a: 1 } },
    { type: 'application/json', body: '{"a":1}', wanted: 'text', data: '{"a":1}' },
    { type: 'text/plain', body: 'hi', wanted: 'base64', data: 'aGk=' },
  ])('reads $type as $wanted data $data', async ({ type, body, data, wanted }) => {
    const url = await serve((_, outgoing) => outgoing.writeHead(200, type ? { 'content-type': type } : {}).end(body))
    expect((await ask({ url, ...(wanted && { response: wanted }) }))?.data).toEqual(data)
  })

  it('reads nothing from 204 and HEAD, even with a length and an encoding', async () => {
    const url = await serve((incoming, outgoing) =>
      outgoing
        .writeHead(incoming.method === 'HEAD' ? 200 : 204, {
          'content-encoding': 'gzip',
          'content-length': '999999999',
        })
        .end(),
    )
    expect(await ask({ url, method: 'HEAD' })).toMatchObject({ data: null, metadata: { http: { status: 200 } } })
    expect(await ask({ url, method: 'DELETE' })).toMatchObject({ data: null, metadata: { http: { status: 204 } } })
  })

  it.each(['gzip', 'br'])('decompresses %s', async (encoding) => {
    const text = JSON.stringify({ text: 'long '.repeat(1000) })
    const url = await serve((incoming, outgoing) => {
      expect(incoming.headers['accept-encoding']).toContain(encoding)
      outgoing.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding })
      outgoing.end(encoding === 'br' ? brotliCompressSync(text) : gzipSync(text))
    })
    expect((await ask({ url }))?.data.text).toHaveLength(5000)
  })

  it('keeps connections and uses them again', async () => {
    const ports = new Set<number | undefined>()
    const url = await serve((incoming, outgoing) => {
      ports.add(incoming.socket.remotePort)
      json(outgoing, {})
    })
    for (let count = 0; count < 5; count++) await ask({ url })
    expect(ports.size).toBe(1)
  })

  it('repeats an idempotent request once when the server closes a kept connection', async () => {
    let connections = 0
    const sockets: Socket[] = []
    const server = createTcpServer((socket) => {
      sockets.push(socket)
      const isFirst = connections++ === 0
      let requests = 0
      socket.on('error', () => {})
      socket.on('data', () => {
        // The first connection answers once and resets at the second request, as a server that was just closing it does.
        if (isFirst && requests++ > 0) socket.resetAndDestroy()
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok')
      })
    })
    open.push(Object.assign(server, { closeAllConnections: () => sockets.forEach((socket) => socket.destroy()) }))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect((await ask({ url }))?.data).toBe('ok')
    expect((await ask({ url }))?.data).toBe('ok')
    expect(connections).toBe(2)
  })
})

describe('http request: errors', () => {
  it.each([
    { status: 400, want: { code: 'RequestRejected', permanent: true } },
    { status: 404, want: { code: 'RequestRejected', permanent: true } },
    { status: 304, want: { code: 'RequestRejected', permanent: true } },
    { status: 408, want: { code: 'ServerFailed' } },
    { status: 425, want: { code: 'ServerFailed' } },
    { status: 429, want: { code: 'TooManyRequests' } },
    { status: 500, want: { code: 'ServerFailed' } },
    { status: 503, want: { code: 'ServerFailed' } },
    { status: 429, after: '7', want: { code: 'TooManyRequests', retryAfterSeconds: 7 } },
    { status: 503, after: '0', want: { code: 'ServiceUnavailable', retryAfterSeconds: 1 } },
    { status: 503, after: '999999999', want: { code: 'ServiceUnavailable', retryAfterSeconds: 86_400 } },
    { status: 503, after: 'Mon, 01 Jan 2001 00:00:00 GMT', want: { code: 'ServiceUnavailable', retryAfterSeconds: 1 } },
    { status: 503, after: 'soon', want: { code: 'ServerFailed' } },
    { status: 500, after: '7', want: { code: 'ServerFailed' } },
  ])('takes $status with Retry-After $after as $want', async ({ status, after, want }) => {
    const url = await serve((_, outgoing) =>
      json(outgoing, { why: 'because' }, status, after ? { 'retry-after': after } : {}),
    )
    const { code, permanent, retryAfterSeconds, message } = await failure({ url: `${url}/a?q=hidden` })
    expect({ code, permanent, retryAfterSeconds }).toEqual({
      permanent: undefined,
      retryAfterSeconds: undefined,
      ...want,
    })
    expect(message).toBe(`GET ${url}/a answered ${status}${status === 304 ? '' : ': {"why":"because"}'}`)
  })

  it('reads a Retry-After date as the time from now', async () => {
    const url = await serve((_, outgoing) =>
      outgoing.writeHead(429, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }).end(),
    )
    const { retryAfterSeconds } = await failure({ url })
    expect(retryAfterSeconds).toBeGreaterThan(50)
    expect(retryAfterSeconds).toBeLessThanOrEqual(60)
  })

  it('takes an accepted status as an answer', async () => {
    const url = await serve((_, outgoing) => json(outgoing, { no: 'such' }, 404))
    expect(await ask({ url, acceptStatus: [404] })).toMatchObject({
      data: { no: 'such' },
      metadata: { http: { status: 404 } },
    })
  })

  it.each([
    { name: 'no url', cfg: {} },
    { name: 'a relative url', cfg: { url: '/contacts' } },
    { name: 'another protocol', cfg: { url: 'file:///etc/passwd' } },
    { name: 'a password in the url', cfg: { url: 'http://anna:secret@localhost/' } },
    { name: 'a method that is none', cfg: { method: 'FETCH' } },
    { name: 'a body type that is none', cfg: { method: 'POST', bodyType: 'yaml' } },
    { name: 'a response type that is none', cfg: { response: 'yaml' } },
    { name: 'a header with a line break', cfg: { headers: { 'x-a': 'b\r\nx-c: secret' } } },
    { name: 'a header of the connection', cfg: { headers: { 'Content-Length': '3' } } },
    { name: 'a pagination that is none', cfg: { pagination: { by: 'luck' } } },
    { name: 'a time-out of nothing', cfg: { timeoutSeconds: 0 } },
    { name: 'redirects below none', cfg: { maxRedirects: -1 } },
  ])('refuses $name for good', async ({ cfg }) => {
    const url = await serve(echo)
    const error = await failure({ url: 'url' in cfg || Object.keys(cfg).length === 0 ? undefined : url, ...cfg })
    expect(error).toMatchObject({ code: 'InvalidConfig', permanent: true })
    expect(error.message).not.toContain('secret')
  })

  it.each([
    { bodyType: 'base64', body: 'no base64!' },
    { bodyType: 'form', body: ['a'] },
  ])('refuses a body that is no $bodyType for good', async (cfg) => {
    const url = await serve(echo)
    expect(await failure({ url, method: 'POST', ...cfg })).toMatchObject({ code: 'InvalidBody', permanent: true })
  })

  it('says what came instead of JSON', async () => {
    const url = await serve((_, outgoing) =>
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end('<html>Welcome to the Wi-Fi'),
    )
    const error = await failure({ url })
    expect(error).toMatchObject({ code: 'InvalidResponse', permanent: true })
    expect(error.message).toContain('<html>Welcome')
  })

  it('tries again later when nobody listens', async () => {
    const url = await serve(echo)
    const gone = open.pop()
    await new Promise<void>((resolve) => gone?.close(() => resolve()))
    const error = await failure({ url: `${url}/x?key=hidden` })
    expect(error).toMatchObject({ code: 'ConnectionFailed' })
    expect(error).not.toHaveProperty('permanent')
    expect(error.message).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/x: .*ECONNREFUSED/)
  })

  it('tries again later when the connection is reset, before the answer and within it', async () => {
    const url = await serve((incoming, outgoing) => {
      if (incoming.url === '/within') outgoing.writeHead(200, { 'content-length': '100' }).write('beginning')
      setImmediate(() => incoming.socket.resetAndDestroy())
    })
    expect(await failure({ url })).toMatchObject({ code: 'ConnectionFailed' })
    expect(await failure({ url: `${url}/within` })).toMatchObject({ code: 'ConnectionFailed' })
  })

  it('gives a slow server up, also one that drips', async () => {
    const url = await serve((incoming, outgoing) => {
      if (incoming.url !== '/drip') return
      const drip = setInterval(() => outgoing.write('.'), 10)
      outgoing.on('close', () => clearInterval(drip))
    })
    const silent = await failure({ url, timeoutSeconds: 0.1 })
    expect(silent).toMatchObject({ code: 'RequestTimedOut' })
    expect(silent.message).toContain('longer than 0.1 s')
    expect(await failure({ url: `${url}/drip`, timeoutSeconds: 0.1 })).toMatchObject({ code: 'RequestTimedOut' })
  })

  it('stops reading an answer without end', async () => {
    const closed: Promise<unknown>[] = []
    const url = await serve((_, outgoing) => {
      closed.push(once(outgoing, 'close'))
      const pour = () => {
        while (!outgoing.destroyed && outgoing.write('x'.repeat(65_536)));
      }
      outgoing.on('drain', pour)
      pour()
    })
    const error = await failure({ url, maxResponseBytes: 100_000 })
    expect(error).toMatchObject({ code: 'ResponseTooLarge', permanent: true })
    await Promise.all(closed)
  })

  it('refuses an answer that announces too much before reading it', async () => {
    const url = await serve((_, outgoing) => outgoing.writeHead(200, { 'content-length': '1000000000' }).flushHeaders())
    expect(await failure({ url, maxResponseBytes: 1000 })).toMatchObject({ code: 'ResponseTooLarge', permanent: true })
  })

  it('stops a small answer that decompresses to an endless one', async () => {
    const cutOff = Promise.withResolvers<void>()
    const url = await serve((_, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' })
      const gzip = createGzip()
      gzip.pipe(outgoing)
      const zeros = Buffer.alloc(1_048_576)
      const pour = () => {
        while (!outgoing.destroyed && gzip.write(zeros));
        if (!outgoing.destroyed) gzip.once('drain', pour)
      }
      outgoing.on('close', () => {
        gzip.destroy()
        cutOff.resolve()
      })
      pour()
    })
    expect(await failure({ url, maxResponseBytes: 5_000_000 })).toMatchObject({
      code: 'ResponseTooLarge',
      permanent: true,
    })
    await cutOff.promise
  })

  it.each([
    {
      name: 'garbage under gzip',
      encoding: 'gzip',
      body: Buffer.from('not gzip at all'),
      want: { code: 'InvalidResponse', permanent: true },
    },
    {
      name: 'gzip that ends early',
      encoding: 'gzip',
      body: gzipSync('x'.repeat(1000)).subarray(0, 20),
      want: { code: 'ConnectionFailed' },
    },
    {
      name: 'an encoding nobody asked for',
      encoding: 'compress',
      body: Buffer.from('x'),
      want: { code: 'InvalidResponse', permanent: true },
    },
  ])('refuses $name', async ({ encoding, body, want }) => {
    const url = await serve((_, outgoing) =>
      outgoing.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': encoding }).end(body),
    )
    expect(await failure({ url })).toMatchObject(want)
  })
})

describe('http request: redirects', () => {
  it.each([
    { status: 301, method: 'POST', becomes: 'GET', body: '' },
    { status: 302, method: 'PUT', becomes: 'PUT', body: '{"id":1}' },
    { status: 303, method: 'PUT', becomes: 'GET', body: '' },
    { status: 307, method: 'POST', becomes: 'POST', body: '{"id":1}' },
    { status: 308, method: 'PATCH', becomes: 'PATCH', body: '{"id":1}' },
  ])(
    '$status turns $method into $becomes, with the credential on the same origin',
    async ({ status, method, becomes, body }) => {
      const url = await serve((incoming, outgoing) =>
        incoming.url === '/there' ? echo(incoming, outgoing) : outgoing.writeHead(status, { location: '/there' }).end(),
      )
      const message = await ask({ url, method, username: 'u', password: 'p' }, { data: { id: 1 } })
      expect(message?.data).toMatchObject({ method: becomes, body, headers: { authorization: 'Basic dTpw' } })
      expect(message?.metadata.http.url).toBe(`${url}/there`)
    },
  )

  it('never shows another origin the credential, cookies or own headers, not even after it leads back', async () => {
    const seen: IncomingMessage['headers'][] = []
    const home = await serve((incoming, outgoing) => {
      seen.push(incoming.headers)
      if (incoming.url === '/back') json(outgoing, {})
      else outgoing.writeHead(307, { location: `${away}/there` }).end()
    })
    const away = await serve((incoming, outgoing) => {
      seen.push(incoming.headers)
      outgoing.writeHead(307, { location: `${home}/back` }).end()
    })
    await ask({ url: home, accessToken: 'secret', headers: { 'X-Api-Key': 'secret', Cookie: 'a=secret' } })
    expect(seen).toHaveLength(3)
    expect(JSON.stringify(seen[0])).toContain('Bearer secret')
    expect(JSON.stringify(seen.slice(1))).not.toContain('secret')
  })

  it('gives up redirects without end', async () => {
    const url = await serve((_, outgoing) => outgoing.writeHead(302, { location: '/' }).end())
    const error = await failure({ url, maxRedirects: 3 })
    expect(error).toMatchObject({ code: 'TooManyRedirects', permanent: true })
    expect(error.message).toContain('more than 3 times')
  })

  it('does not follow a redirect that is accepted as the answer', async () => {
    const url = await serve((_, outgoing) => outgoing.writeHead(302, { location: '/elsewhere' }).end())
    expect((await ask({ url, acceptStatus: [302] }))?.metadata.http).toMatchObject({
      status: 302,
      headers: { location: '/elsewhere' },
    })
  })

  it.each([{ location: 'ftp://127.0.0.1/' }, { location: 'javascript:alert(1)' }])(
    'refuses a redirect to $location',
    async ({ location }) => {
      const url = await serve((_, outgoing) => outgoing.writeHead(302, { location }).end())
      expect(await failure({ url })).toMatchObject({ permanent: true })
    },
  )
})

describe('http request: credentials', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })

  it.each([
    {
      name: 'basic',
      cfg: { username: 'anna', password: 'pä' },
      headers: { authorization: `Basic ${Buffer.from('anna:pä').toString('base64')}` },
    },
    {
      name: 'an OAuth 2 token',
      cfg: { accessToken: 't0', refreshToken: 'r' },
      headers: { authorization: 'Bearer t0' },
    },
    { name: 'a bearer token by name', cfg: { auth: 'bearer', token: 't1' }, headers: { authorization: 'Bearer t1' } },
    { name: 'an API key', cfg: { key: 'k' }, headers: { 'x-api-key': 'k' } },
    {
      name: 'an API key named by the credential',
      cfg: { key: 'k', in: 'header', name: 'Authorization', prefix: 'Token ' },
      headers: { authorization: 'Token k' },
    },
    { name: 'an API key named by the config', cfg: { key: 'k', apiKey: { name: 'X-Key' } }, headers: { 'x-key': 'k' } },
    {
      name: 'an API key as cookie',
      cfg: { key: 'k', apiKey: { in: 'cookie', name: 'sid' }, headers: { cookie: 'a=b' } },
      headers: { cookie: 'a=b; sid=k' },
    },
    { name: 'a session', cfg: { cookie: 'sid=1' }, headers: { cookie: 'sid=1' } },
    {
      name: 'a fetched jwtBearer token',
      cfg: { auth: 'jwtBearer', accessToken: 't' },
      headers: { authorization: 'Bearer t' },
    },
    { name: 'nothing when told so', cfg: { auth: 'none', tenant: 'x', password: 'p' }, headers: {} },
  ])('shows $name', async ({ cfg, headers }) => {
    const url = await serve(echo)
    const message = await ask({ url, ...cfg })
    expect(message?.data.headers).toMatchObject(headers)
    if (Object.keys(headers).length === 0) expect(message?.data.headers).not.toHaveProperty('authorization')
  })

  it('sends an API key in the query, and leaves it out of the metadata', async () => {
    const url = await serve(echo)
    const message = await ask({ url: `${url}/?a=1`, key: 'secret', apiKey: { in: 'query', name: 'key' } })
    expect(message?.data.url).toBe('/?a=1&key=secret')
    expect(message?.metadata.http.url).toBe(`${url}/?a=1`)
  })

  it('signs the body with HMAC, with and without a timestamp', async () => {
    const url = await serve(echo)
    const plain = await ask(
      { url, method: 'POST', secret: 's', hmac: { header: 'X-Hub-Signature-256', prefix: 'sha256=' } },
      { data: { a: 1 } },
    )
    const hex = createHmac('sha256', 's').update('{"a":1}').digest('hex')
    expect(plain?.data.headers['x-hub-signature-256']).toBe(`sha256=${hex}`)
    const timed = await ask(
      {
        url,
        method: 'POST',
        secret: 's',
        hmac: { timestampHeader: 'X-Time', encoding: 'base64', algorithm: 'sha512' },
      },
      { data: {} },
    )
    const time = timed?.data.headers['x-time'] as string
    expect(timed?.data.headers['x-signature']).toBe(createHmac('sha512', 's').update(`${time}.{}`).digest('base64'))
  })

  it('signs a JWT that the public key verifies', async () => {
    const url = await serve(echo)
    const message = await ask({
      url,
      privateKey,
      issuer: 'weir',
      audience: 'bank',
      keyId: 'k1',
      jwt: { claims: { scope: 'read' } },
    })
    const [header, payload, signature] = String(message?.data.headers.authorization).replace('Bearer ', '').split('.')
    expect(createVerify('sha256').update(`${header}.${payload}`).verify(publicKey, signature!, 'base64url')).toBe(true)
    const read = (part: string | undefined) => JSON.parse(Buffer.from(part!, 'base64url').toString())
    expect(read(header)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k1' })
    expect(read(payload)).toMatchObject({ iss: 'weir', aud: 'bank', scope: 'read' })
    expect(read(payload).exp - read(payload).iat).toBe(300)
  })

  it('signs OAuth 1.0a as RFC 5849 shows it in section 1.2', () => {
    const { signOAuth1 } = load('./http/lib/oauth1.js')
    const unsigned = {
      method: 'GET',
      url: new URL('http://photos.example.net/photos?file=vacation.jpg&size=original'),
      headers: {},
    }
    const credential = {
      consumerKey: 'dpf43f3p2l4k3l03',
      consumerSecret: 'kd94hf93k423kf44',
      token: 'nnch734d00sl2jdk',
      tokenSecret: 'pfkkdhi9sl3r4s00',
    }
    const signed = signOAuth1(unsigned, credential, {
      oauth1: { realm: 'Photos', nonce: 'chapoH', timestamp: '137131202' },
    })
    expect(signed.headers.authorization).toBe(
      'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="nnch734d00sl2jdk", ' +
        'oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131202", oauth_nonce="chapoH", ' +
        'oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"',
    )
  })

  it('signs the fields of a form with OAuth 1.0a', async () => {
    const url = await serve(echo)
    const message = await ask({
      url,
      method: 'POST',
      bodyType: 'form',
      body: { b: 'x y', a: ['2', '1'] },
      consumerKey: 'k',
      consumerSecret: 's',
    })
    const sent = Object.fromEntries(
      [...message!.data.headers.authorization.matchAll(/(oauth_\w+)="([^"]*)"/g)].map(([, name, value]) => [
        name,
        value,
      ]),
    )
    const parameters =
      `a=1&a=2&b=x%20y&oauth_consumer_key=k&oauth_nonce=${sent.oauth_nonce}` +
      `&oauth_signature_method=HMAC-SHA1&oauth_timestamp=${sent.oauth_timestamp}`
    const base = ['POST', `${url}/`, parameters].map(encodeURIComponent).join('&')
    expect(decodeURIComponent(sent.oauth_signature)).toBe(createHmac('sha1', 's&').update(base).digest('base64'))
  })

  it.each([
    { name: 'fields it does not know', cfg: { pin: '1234' }, says: 'the fields pin' },
    { name: 'half a login', cfg: { username: 'anna' }, says: 'the fields username' },
    { name: 'a type that is none', cfg: { auth: 'magic', pin: '1' }, says: 'auth "magic"' },
    { name: 'a type whose fields are missing', cfg: { auth: 'basic', key: 'k' }, says: 'no username and password' },
    {
      name: 'a client that has no token yet',
      cfg: { auth: 'oauth2ClientCredentials', clientId: 'c', clientSecret: 's' },
      says: 'no accessToken',
    },
    { name: 'a private key that is none', cfg: { privateKey: 'nonsense1234' }, says: 'not a private key' },
  ])('refuses $name for good, without showing it', async ({ cfg, says }) => {
    const url = await serve(echo)
    const error = await failure({ url, ...cfg })
    expect(error).toMatchObject({ code: 'UnknownCredential', permanent: true })
    expect(error.message).toContain(says)
    expect(error.message).not.toMatch(/1234/)
  })

  it('ignores what runtimes put into a config', async () => {
    const url = await serve(echo)
    await expect(ask({ url, nodeSettings: {}, secretId: 's', _account: 'a' })).resolves.toBeDefined()
  })

  it('finds a secret also where the quoted answer is cut', async () => {
    const url = await serve((_, outgoing) => outgoing.writeHead(400).end(`${'x'.repeat(195)}long-password`))
    expect((await failure({ url, username: 'anna', password: 'long-password' })).message).toContain('xxx***')
    const broken = await serve((_, outgoing) =>
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end(`${'x'.repeat(55)}long-password`),
    )
    expect((await failure({ url: broken, token: 'long-password' })).message).toContain('xxx***')
  })

  it.each([
    { name: 'password', cfg: { username: 'anna', password: 'pa"ss/wörd' } },
    { name: 'token', cfg: { accessToken: 'tok+en=' } },
    { name: 'key in the address', cfg: { key: 'k/e y', apiKey: { in: 'query', name: 'k' } } },
    { name: 'own header', cfg: { headers: { Authorization: 'Bearer homemade' } } },
  ])('keeps the $name out of errors, even when the server says it back', async ({ cfg }) => {
    const url = await serve((incoming, outgoing) =>
      json(outgoing, { authorization: incoming.headers.authorization, url: incoming.url, cfg }, 401),
    )
    const error = await failure({ url, ...cfg })
    const text = `${error.message}${error.stack ?? ''}${JSON.stringify(error)}`
    expect(error.message).toContain('answered 401')
    for (const secret of [
      'wörd',
      'tok+en',
      'k/e',
      'k%2Fe',
      'homemade',
      Buffer.from('anna:pa"ss/wörd').toString('base64'),
    ]) {
      expect(text).not.toContain(secret)
    }
  })
})

describe('http request: TLS', () => {
  let folder: string
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-http-'))
    for (const name of ['server', 'client']) {
      const subject = ['-subj', `/CN=${name}.test`, '-addext', `subjectAltName=DNS:${name}.test`]
      const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)]
      execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files], {
        stdio: 'ignore',
      })
    }
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  async function serveTls(options: object, handler: RequestListener): Promise<string> {
    const server = createTlsServer({ key: read('server.key'), cert: read('server.crt'), ...options }, handler)
    open.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('trusts the public authorities only, until told otherwise, and mixes no connections up', async () => {
    const url = await serveTls({}, echo)
    const trusting = { url, tls: { ca: read('server.crt'), servername: 'server.test' } }
    expect((await ask(trusting))?.data.method).toBe('GET')
    expect((await failure({ url })).message).toMatch(/self-signed certificate/)
    expect((await failure({ ...trusting, tls: { ca: read('server.crt'), servername: 'other.test' } })).message).toMatch(
      /altnames/,
    )
    expect((await ask({ url, tls: { rejectUnauthorized: false } }))?.data.method).toBe('GET')
    expect(await failure({ url })).toMatchObject({ code: 'ConnectionFailed' })
  })

  it('shows a client certificate, with the names of core Secrets too, and only to its own origin', async () => {
    const seen: boolean[] = []
    const options = { requestCert: true, ca: read('client.crt'), rejectUnauthorized: false }
    const away = await serveTls(options, (incoming, outgoing) => {
      seen.push((incoming.socket as unknown as { authorized: boolean }).authorized)
      json(outgoing, {})
    })
    const home = await serveTls(options, (incoming, outgoing) => {
      seen.push((incoming.socket as unknown as { authorized: boolean }).authorized)
      if (incoming.url === '/away') outgoing.writeHead(302, { location: away }).end()
      else json(outgoing, {})
    })
    const tls = { rejectUnauthorized: false }
    await ask({ url: home, tls, cert: read('client.crt'), key: read('client.key') })
    await ask({ url: home, tls, auth: 'mtls', 'tls.crt': read('client.crt'), 'tls.key': read('client.key') })
    await ask({ url: home, tls })
    await ask({ url: `${home}/away`, tls, cert: read('client.crt'), key: read('client.key') })
    expect(seen).toEqual([true, true, false, true, false])
  })

  it('does not follow a redirect from https to http', async () => {
    const plain = await serve(echo)
    const url = await serveTls({}, (_, outgoing) => outgoing.writeHead(307, { location: plain }).end())
    const error = await failure({ url, tls: { rejectUnauthorized: false } })
    expect(error).toMatchObject({ code: 'InsecureRedirect', permanent: true })
  })
})

describe('http request: pages', () => {
  const all = Array.from({ length: 7 }, (_, index) => ({ id: index + 1 }))

  async function collect(cfg: object) {
    const { emitted, result } = call(request, cfg)
    expect(await result).toBeUndefined()
    expect(emitted.every(({ event }) => event === 'data')).toBe(true)
    return emitted.map(({ value }) => value)
  }

  it.each([
    {
      name: 'page',
      pagination: { by: 'page', size: 3, sizeQuery: 'limit' },
      requests: ['page=1&limit=3', 'page=2', 'page=3'],
    },
    { name: 'offset', pagination: { by: 'offset', query: 'skip', size: 3 }, requests: ['skip=0', 'skip=3', 'skip=6'] },
  ])('counts by $name until a page is not full', async ({ pagination, requests }) => {
    const asked: string[] = []
    const url = await serve((incoming, outgoing) => {
      const query = new URL(incoming.url!, 'http://x').searchParams
      asked.push(incoming.url!.slice(2))
      const from = query.has('skip') ? Number(query.get('skip')) : (Number(query.get('page')) - 1) * 3
      json(outgoing, { list: all.slice(from, from + 3) })
    })
    const messages = await collect({ url, items: 'list', emit: 'items', pagination })
    expect(messages.map(({ data }) => data)).toEqual(all)
    expect(messages[0].metadata.http).toEqual({ status: 200, url: expect.stringContaining(url) })
    expect(asked).toHaveLength(3)
    for (const [index, query] of requests.entries()) expect(asked[index]).toContain(query)
  })

  it('counts until a page is empty when it does not know the size, and goes on by what came', async () => {
    const asked: string[] = []
    const url = await serve((incoming, outgoing) => {
      asked.push(incoming.url!)
      const from = Number(new URL(incoming.url!, 'http://x').searchParams.get('offset'))
      json(outgoing, all.slice(from, from + 4))
    })
    const messages = await collect({ url, pagination: { by: 'offset' } })
    expect(messages.map(({ data }) => data.length)).toEqual([4, 3, 0])
    expect(asked).toEqual(['/?offset=0', '/?offset=4', '/?offset=7'])
  })

  it('follows links in the header and in the body', async () => {
    const url = await serve((incoming, outgoing) => {
      const page = Number(new URL(incoming.url!, 'http://x').searchParams.get('p') ?? 1)
      const next = page < 3 ? `${url}/list?p=${page + 1}` : undefined
      const header = { link: `<${url}/?p=1>; rel="first", <${next}>; title="a"; rel="next"` }
      json(outgoing, { page, links: { next } }, 200, next ? header : {})
    })
    const pagesOf = async (pagination: object) => (await collect({ url, pagination })).map(({ data }) => data.page)
    expect(await pagesOf({ by: 'link' })).toEqual([1, 2, 3])
    expect(await pagesOf({ by: 'link', path: 'links.next' })).toEqual([1, 2, 3])
  })

  it('does not take the credential along a link to another origin', async () => {
    const seen: unknown[] = []
    const away = await serve((incoming, outgoing) => {
      seen.push(incoming.headers.authorization)
      json(outgoing, {})
    })
    const url = await serve((_, outgoing) => json(outgoing, { next: away }))
    await collect({ url, accessToken: 'secret', pagination: { by: 'link', path: 'next' } })
    expect(seen).toEqual([undefined])
  })

  it('waits for a page behind the first that says when it will come, and for the first not', async () => {
    const asked: (string | undefined)[] = []
    const url = await serve((incoming, outgoing) => {
      asked.push(incoming.url)
      const isBusy = asked.filter((one) => one === incoming.url).length === 1
      if (isBusy && incoming.url === '/?offset=2') json(outgoing, {}, 429, { 'retry-after': '1' })
      else json(outgoing, incoming.url === '/?offset=4' ? [] : [1, 2])
    })
    expect(await collect({ url, pagination: { by: 'offset' } })).toHaveLength(3)
    expect(asked).toEqual(['/?offset=0', '/?offset=2', '/?offset=2', '/?offset=4'])
    const atOnce = await serve((_, outgoing) => json(outgoing, {}, 429, { 'retry-after': '1' }))
    expect(await failure({ url: atOnce, pagination: { by: 'page' } })).toMatchObject({ retryAfterSeconds: 1 })
  })

  it('shows no key that a link to the next page has in it', async () => {
    const url = await serve((incoming, outgoing) => {
      const next = incoming.url?.includes('page=2') ? null : `${incoming.url}&page=2`
      json(outgoing, { next }, 200, { link: `<${incoming.url}>; rel="self"` })
    })
    const messages = await collect({
      url,
      key: 'secret',
      apiKey: { in: 'query', name: 'api_key' },
      pagination: { by: 'link', path: 'next' },
    })
    expect(messages).toHaveLength(2)
    expect(JSON.stringify(messages.map(({ metadata }) => metadata))).not.toContain('secret')
  })

  it('sends cursors on', async () => {
    const url = await serve((incoming, outgoing) => {
      const cursor = new URL(incoming.url!, 'http://x').searchParams.get('after')
      const next = { start: 'b', b: 'c', c: null }[cursor ?? 'start']
      json(outgoing, { cursor, meta: { next } })
    })
    const messages = await collect({ url, pagination: { by: 'cursor', query: 'after', path: 'meta.next' } })
    expect(messages.map(({ data }) => data.cursor)).toEqual([null, 'b', 'c'])
  })

  it('takes the next page only when this one has been taken', async () => {
    let asked = 0
    const url = await serve((_, outgoing) => json(outgoing, [++asked]))
    const taken: number[] = []
    const taskExec = {
      emit: async (_: string, { data }: { data: number[] }) => {
        await new Promise((resolve) => setImmediate(resolve))
        taken.push(data[0]!)
        expect(asked).toBe(data[0])
        if (taken.length === 3) throw new Error('enough')
      },
    }
    await expect(request.call(taskExec, {}, { url, pagination: { by: 'page' } })).rejects.toThrow('enough')
    expect(taken).toEqual([1, 2, 3])
  })

  it('stops at the bound, at a page that leads to itself and at a page that is no list, each for good', async () => {
    const url = await serve((incoming, outgoing) =>
      json(
        outgoing,
        incoming.url?.startsWith('/self') ? { next: '/self' } : incoming.url?.startsWith('/no') ? { a: 1 } : [1],
      ),
    )
    const broken = (cfg: object) => failure(cfg)
    expect(await broken({ url, pagination: { by: 'page', maxPages: 3 } })).toMatchObject({
      code: 'TooManyPages',
      permanent: true,
    })
    expect(await broken({ url: `${url}/self`, pagination: { by: 'link', path: 'next' } })).toMatchObject({
      code: 'EndlessPages',
      permanent: true,
    })
    expect(await broken({ url: `${url}/no`, items: 'list', pagination: { by: 'page' } })).toMatchObject({
      code: 'InvalidResponse',
      message: 'the answer has no list at "list"',
      permanent: true,
    })
  })

  it('gives the items of a single answer when asked', async () => {
    const url = await serve((_, outgoing) => json(outgoing, { list: all }))
    expect((await collect({ url, items: 'list', emit: 'items' })).map(({ data }) => data)).toEqual(all)
  })
})

describe('http poll', () => {
  async function serveChanges(changes: readonly { id: string; at: string | number }[]) {
    const asked: (string | null)[] = []
    const url = await serve((incoming, outgoing) => {
      const query = new URL(incoming.url!, 'http://x').searchParams
      asked.push(query.get('since'))
      const since = query.get('since') ?? ''
      json(outgoing, { changes: changes.filter(({ at }) => String(at) > since) })
    })
    return { url, asked }
  }
  const cursor = { query: 'since', path: 'at' }

  it('gives each item and keeps the greatest cursor', async () => {
    const { url, asked } = await serveChanges([
      { id: 'a', at: '2024-02-01' },
      { id: 'b', at: '2024-03-01' },
      { id: 'c', at: '2024-01-01' },
    ])
    const first = call(poll, { url, items: 'changes', cursor })
    await first.result
    expect(first.emitted.map(({ event, value }) => (event === 'data' ? value.data.id : value))).toEqual([
      'a',
      'b',
      'c',
      { cursor: '2024-03-01' },
    ])
    const second = call(poll, { url, items: 'changes', cursor }, { snapshot: { cursor: '2024-03-01' } })
    await second.result
    expect(second.emitted).toEqual([])
    expect(asked).toEqual([null, '2024-03-01'])
  })

  it('begins where it is told, and compares numbers as numbers', async () => {
    const { url, asked } = await serveChanges([
      { id: 'a', at: 9 },
      { id: 'b', at: 10 },
    ])
    const { emitted, result } = call(poll, { url, items: 'changes', cursor: { ...cursor, initial: 0 } })
    await result
    expect(asked).toEqual(['0'])
    expect(emitted.at(-1)).toEqual({ event: 'snapshot', value: { cursor: 10 } })
  })

  it('keeps no cursor when a page fails', async () => {
    const url = await serve((incoming, outgoing) =>
      incoming.url?.includes('page=1') ? json(outgoing, [{ at: 5 }]) : json(outgoing, {}, 500),
    )
    const { emitted, result } = call(poll, { url, cursor, pagination: { by: 'page' } })
    await expect(result).rejects.toMatchObject({ code: 'ServerFailed' })
    expect(emitted.map(({ event }) => event)).toEqual(['data'])
  })
})

describe('http component.json', () => {
  const component = load('./http/component.json')

  it('describes the same settings for both functions', () => {
    const { emit: _emit, ...ofRequest } = component.actions.request.config.properties
    const { cursor: _cursor, ...ofPoll } = component.triggers.poll.config.properties
    expect(ofPoll).toEqual(ofRequest)
  })

  it('needs nothing that has to be installed', () => {
    expect(load('./http/package.json').dependencies).toBeUndefined()
  })
})
