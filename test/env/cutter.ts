import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP proxy before a server, that does to connections what networks do. */
export interface Cutter {
  /** The server's URL with the proxy in its place; for MongoDB one that leads to this member alone. */
  readonly url: string
  /** How many are open now. */
  readonly connections: () => number
  /** Resets all connections; new ones are taken. */
  readonly cut: () => void
  /** Resets all connections as soon as so many more bytes have passed that way, in the middle of a frame if they end there. Resolves then. */
  readonly cutAfter: (bytes: number, way?: Way) => Promise<void>
  /** Nothing passes in either way; connections stay, and new ones are taken. */
  readonly pause: () => void
  readonly resume: () => void
  /** What is written arrives so much later; 0 ends it. */
  readonly slow: (delayMs: number) => void
  /** Resets all connections, and new ones at once, until `accept`. */
  readonly refuse: () => void
  readonly accept: () => void
  readonly close: () => Promise<void>
}

type Way = 'toServer' | 'toClient'

interface Pair {
  readonly client: Socket
  readonly server: Socket
}

interface Faults {
  isPaused: boolean
  isRefusing: boolean
  delayMs: number
  cut: { way: Way; bytesLeft: number; done: () => void } | undefined
}

/** @param targetUrl `amqp:`, `mongodb:` or `http:`, with a host and a port */
export async function openCutter(targetUrl: string): Promise<Cutter> {
  const target = new URL(targetUrl)
  const pairs = new Set<Pair>()
  const faults: Faults = { isPaused: false, isRefusing: false, delayMs: 0, cut: undefined }
  const cut = (): void => {
    for (const pair of pairs) reset(pair)
  }
  const proxy = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    if (faults.isRefusing) return client.resetAndDestroy()
    const server = connect({ host: target.hostname, port: Number(target.port), noDelay: true, allowHalfOpen: true })
    const pair = { client, server }
    pairs.add(pair)
    for (const socket of [client, server]) socket.once('close', () => pairs.delete(pair))
    pump({ from: client, to: server, way: 'toServer', faults, cut })
    pump({ from: server, to: client, way: 'toClient', faults, cut })
    return undefined
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const setPaused = (isPaused: boolean): void => {
    faults.isPaused = isPaused
    for (const socket of [...pairs].flatMap(({ client, server }) => [client, server])) {
      if (isPaused) socket.pause()
      else socket.resume()
    }
  }
  return {
    url: urlThrough(target, (proxy.address() as AddressInfo).port),
    connections: () => pairs.size,
    cut,
    cutAfter: (bytes, way = 'toServer') =>
      new Promise((done) => {
        faults.cut = { way, bytesLeft: bytes, done }
      }),
    pause: () => setPaused(true),
    resume: () => setPaused(false),
    slow: (delayMs) => {
      faults.delayMs = delayMs
    },
    refuse: () => {
      faults.isRefusing = true
      cut()
    },
    accept: () => {
      faults.isRefusing = false
    },
    close: async () => {
      const closed = new Promise((resolve) => proxy.close(resolve))
      cut()
      await closed
    },
  }
}

function reset({ client, server }: Pair): void {
  client.resetAndDestroy()
  // One that is not connected yet cannot be reset.
  if (server.connecting) server.destroy()
  else server.resetAndDestroy()
}

interface Pump {
  readonly from: Socket
  readonly to: Socket
  readonly way: Way
  readonly faults: Faults
  readonly cut: () => void
}

function pump({ from, to, way, faults, cut }: Pump): void {
  const write = delayedWriter(to, faults)
  if (faults.isPaused) from.pause()
  from.on('data', (chunk: Buffer) => {
    const plan = faults.cut?.way === way ? faults.cut : undefined
    if (plan === undefined || chunk.length < plan.bytesLeft) {
      if (plan !== undefined) plan.bytesLeft -= chunk.length
      if (!write(chunk)) from.pause()
      return
    }
    faults.cut = undefined
    // The last bytes must have left before the reset, which throws away what is still here.
    to.write(chunk.subarray(0, plan.bytesLeft), () => {
      cut()
      plan.done()
    })
    from.pause()
  })
  to.on('drain', () => {
    if (!faults.isPaused) from.resume()
  })
  from.on('end', () => write(undefined))
  // Whatever ends one side ends the other; that is all that an error says here.
  from.on('error', () => to.destroy())
  from.on('close', () => {
    if (from.errored !== null || !from.readableEnded) to.destroy()
  })
}

/** Writes in order, each chunk when its delay is over; undefined is the end. Gives whether there is room for more. */
function delayedWriter(to: Socket, faults: Faults): (chunk: Buffer | undefined) => boolean {
  const waiting: { readonly dueAt: number; readonly chunk: Buffer | undefined }[] = []
  const writeNow = (chunk: Buffer | undefined): boolean => {
    if (chunk !== undefined) return to.write(chunk)
    to.end()
    return true
  }
  const drain = (): void => {
    while (waiting[0] !== undefined && waiting[0].dueAt <= Date.now()) writeNow(waiting.shift()?.chunk)
    if (waiting[0] !== undefined) setTimeout(drain, waiting[0].dueAt - Date.now())
  }
  return (chunk) => {
    if (faults.delayMs === 0 && waiting.length === 0) return writeNow(chunk)
    waiting.push({ dueAt: Date.now() + faults.delayMs, chunk })
    if (waiting.length === 1) setTimeout(drain, faults.delayMs)
    return true
  }
}

/** A client of a replica set would ask the member for its own address, and go there. */
function urlThrough(target: URL, port: number): string {
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String(port)
  if (url.protocol === 'mongodb:') {
    url.searchParams.delete('replicaSet')
    url.searchParams.set('directConnection', 'true')
  }
  return url.href
}
