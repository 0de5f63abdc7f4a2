import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openCutter, type Cutter } from './cutter.ts'

describe('a cutter', () => {
  let server: Server
  let cutter: Cutter
  let received: Buffer[]
  const client: { readonly sockets: Socket[] } = { sockets: [] }

  beforeEach(async () => {
    received = []
    server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        received.push(chunk)
        socket.write(chunk)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cutter = await openCutter(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
  afterEach(async () => {
    for (const socket of client.sockets.splice(0)) socket.destroy()
    await cutter.close()
    await new Promise((resolve) => server.close(resolve))
  })

  async function open(): Promise<{ readonly socket: Socket; readonly text: () => string; readonly ends: string[] }> {
    const socket = connect(Number(new URL(cutter.url).port), '127.0.0.1')
    client.sockets.push(socket)
    const ends: string[] = []
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? error.message))
    socket.on('close', () => ends.push('close'))
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {})
    return { socket, text: () => text, ends }
  }

  const expected = ['ECONNRESET', 'close']
  const serverText = (): string => Buffer.concat(received).toString()

  it('passes all bytes both ways, and the end', async () => {
    const { socket, text, ends } = await open()
    const sent = 'x'.repeat(3_000_000)
    socket.end(sent)
    await vi.waitFor(() => expect(ends).toEqual(['close']), 10_000)
    // Not one against the other: a difference of so much would fill the report.
    expect(text().length).toBe(sent.length)
    expect(cutter.connections()).toBe(0)
  })

  it('resets all connections at once, and takes new ones', async () => {
    const [one, other] = [await open(), await open()]
    await vi.waitFor(() => expect(cutter.connections()).toBe(2))
    cutter.cut()
    await vi.waitFor(() => expect([one.ends, other.ends]).toEqual([expected, expected]))
    const again = await open()
    again.socket.write('back')
    await vi.waitFor(() => expect(again.text()).toBe('back'))
  })

  it('cuts in the middle of what is written', async () => {
    const { socket, ends } = await open()
    const cut = cutter.cutAfter(7)
    socket.write('0123')
    await vi.waitFor(() => expect(serverText()).toBe('0123'))
    socket.write('456789')
    await cut
    await vi.waitFor(() => expect(ends).toEqual(expected))
    await vi.waitFor(() => expect(serverText()).toBe('0123456'))
  })

  it('cuts what comes back, too', async () => {
    const { socket, text, ends } = await open()
    const cut = cutter.cutAfter(3, 'toClient')
    socket.write('abcdef')
    await cut
    await vi.waitFor(() => expect(ends).toContain('close'))
    expect(serverText()).toBe('abcdef')
    // A reset may overtake what came before it.
    expect('abc').toContain(text())
  })

  it('holds everything while it is paused, new connections as well', async () => {
    const { socket, text } = await open()
    cutter.pause()
    const other = await open()
    socket.write('a')
    other.socket.write('b')
    await vi.waitFor(() => expect(cutter.connections()).toBe(2))
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(serverText()).toBe('')
    cutter.resume()
    await vi.waitFor(() => expect([text(), other.text()]).toEqual(['a', 'b']))
  })

  it('delays in order', async () => {
    const { socket, text } = await open()
    cutter.slow(100)
    const startedAt = Date.now()
    socket.write('a')
    await vi.waitFor(() => expect(serverText()).toBe('a'))
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(99)
    cutter.slow(0)
    socket.write('b')
    await vi.waitFor(() => expect(text()).toBe('ab'))
  })

  it('refuses until it accepts again', async () => {
    const { ends } = await open()
    cutter.refuse()
    await vi.waitFor(() => expect(ends).toContain('close'))
    const refused = await open()
    await vi.waitFor(() => expect(refused.ends).toContain('close'))
    cutter.accept()
    const taken = await open()
    taken.socket.write('in')
    await vi.waitFor(() => expect(taken.text()).toBe('in'))
  })
})
