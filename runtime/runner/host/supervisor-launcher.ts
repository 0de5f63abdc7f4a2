import { chmod, rm } from 'node:fs/promises'
import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { PassThrough } from 'node:stream'
import { lineReader } from '../../shim/lines.cjs'
import type { ChildExit, ChildLauncher, ChildMemory, Launch, LaunchedChild } from './child-launcher.ts'
import { childMemory } from './child-memory.ts'

/** Starts component processes by the supervisor in the container beside this one. */
export interface SupervisorLauncher extends ChildLauncher {
  /** The supervisor is connected: something can be started. */
  readonly isConnected: () => boolean
  /** Lets a supervisor that is to end do so: nothing runs there any more. */
  readonly release: () => void
}

export interface SupervisorLauncherOptions {
  /** Where the supervisor connects; its directory is in a volume that both containers have. */
  readonly socketPath: string
  /** The container beside this one is told to end: finish what has started, then `release`. */
  readonly onDraining: () => void
  /** Children run in the directory of their launch; otherwise in the container's own. */
  readonly keepsDirectories?: boolean
}

interface RemoteChild {
  readonly stdout: PassThrough
  readonly stderr: PassThrough
  readonly end: (exit: ChildExit) => void
  readonly rssWaiters: ((bytes: number | undefined) => void)[]
  order: object | undefined
}

const ownerAndGroup = 0o660

/** Resolves when a supervisor can connect. What is launched before one has waits for it. Of two supervisors the newer counts. */
export async function openSupervisorLauncher(options: SupervisorLauncherOptions): Promise<SupervisorLauncher> {
  const children = new Map<number, RemoteChild>()
  const link = supervisorLink(children, options)
  let launched = 0
  await listen(link.server, options.socketPath)
  return {
    isConnected: link.isConnected,
    memory: link.memory,
    onMemory: link.onMemory,
    release: () => link.tell({ type: 'drained' }),
    launch: ({ directory, ...launch }) => {
      const id = (launched += 1)
      const placed: Partial<Launch> = options.keepsDirectories === true ? { directory, ...launch } : launch
      const { child, remote } = remoteChild({ type: 'launch', id, ...placed }, () => children.delete(id))
      children.set(id, remote)
      if (link.isConnected()) sendOrder(remote, link.tell)
      return {
        ...child,
        kill: () => {
          if (remote.order !== undefined) remote.end({ kind: 'notStarted', reason: 'no supervisor has come' })
          else link.tell({ type: 'kill', id })
        },
        rssBytes: () => {
          if (!link.isConnected() || !children.has(id)) return Promise.resolve(undefined)
          link.tell({ type: 'rss', id })
          return new Promise((resolve) => remote.rssWaiters.push(resolve))
        },
      }
    },
    close: async () => {
      await link.close()
      await rm(options.socketPath, { force: true })
    },
  }
}

interface SupervisorLink extends Pick<ChildLauncher, 'memory' | 'onMemory'> {
  readonly server: Server
  readonly isConnected: () => boolean
  readonly tell: (message: object) => void
  readonly close: () => Promise<void>
}

/** The connection of the newest supervisor, and what its coming and going means for its children. */
function supervisorLink(
  children: ReadonlyMap<number, RemoteChild>,
  options: SupervisorLauncherOptions,
): SupervisorLink {
  let supervisor: Socket | undefined
  let memory: ChildMemory = { kind: 'unknown' }
  let onMemory = (): void => {}
  const onHello = (bytes: number | undefined): void => {
    memory = childMemory(bytes)
    onMemory()
  }
  const tell = (message: object): void => {
    supervisor?.write(`${JSON.stringify(message)}\n`)
  }
  const server = createServer((socket) => {
    const before = supervisor
    supervisor = socket
    // Its processes end with their connection, and what they worked on is somebody else's by then.
    before?.destroy()
    if (before !== undefined) endStarted(children)
    socket.on(
      'data',
      lineReader((message: unknown) => onMessage(children, message, { ...options, onHello })),
    )
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      if (supervisor !== socket) return
      supervisor = undefined
      endStarted(children)
    })
    for (const child of children.values()) sendOrder(child, tell)
  })
  return {
    server,
    isConnected: () => supervisor !== undefined,
    memory: () => memory,
    onMemory: (listener) => (onMemory = listener),
    tell,
    close: async () => {
      supervisor?.destroy()
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()))
      endStarted(children)
    },
  }
}

async function listen(server: Server, path: string): Promise<void> {
  // What a runner left that was killed.
  await rm(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  await chmod(path, ownerAndGroup)
}

function remoteChild(
  order: object,
  onGone: () => void,
): { readonly child: Pick<LaunchedChild, 'stdout' | 'stderr' | 'exited'>; readonly remote: RemoteChild } {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const rssWaiters: RemoteChild['rssWaiters'] = []
  let end: RemoteChild['end'] = () => {}
  const exited = new Promise<ChildExit>((resolve) => {
    end = (exit) => {
      onGone()
      stdout.end()
      stderr.end()
      for (const waiter of rssWaiters.splice(0)) waiter(undefined)
      resolve(exit)
    }
  })
  return { child: { stdout, stderr, exited }, remote: { stdout, stderr, end, rssWaiters, order } }
}

function sendOrder(child: RemoteChild, tell: (message: object) => void): void {
  const { order } = child
  child.order = undefined
  if (order !== undefined) tell(order)
}

/** With the supervisor its children are gone; those that it was never told of wait for the next one. */
function endStarted(children: ReadonlyMap<number, RemoteChild>): void {
  for (const child of children.values()) {
    if (child.order === undefined) child.end({ kind: 'exited', code: undefined, signal: 'SIGKILL with its supervisor' })
  }
}

interface FromSupervisor {
  readonly type?: unknown
  readonly id?: unknown
  readonly code?: unknown
  readonly signal?: unknown
  readonly reason?: unknown
  readonly stream?: unknown
  readonly text?: unknown
  readonly bytes?: unknown
  readonly memoryBytes?: unknown
}

interface Listening extends Pick<SupervisorLauncherOptions, 'onDraining'> {
  /** With the memory limit of its container. */
  readonly onHello: (memoryBytes: number | undefined) => void
}

/** What it says of a child that is gone is left out. */
function onMessage(
  children: ReadonlyMap<number, RemoteChild>,
  message: unknown,
  { onDraining, onHello }: Listening,
): void {
  const said = message as FromSupervisor // an object of JSON, each field looked at below
  if (said.type === 'draining') return onDraining()
  if (said.type === 'hello') return onHello(numberOf(said.memoryBytes))
  const child = typeof said.id === 'number' ? children.get(said.id) : undefined
  if (child !== undefined) onWord(child, said)
}

function onWord(child: RemoteChild, said: FromSupervisor): void {
  switch (said.type) {
    case 'exited':
      return child.end({ kind: 'exited', code: numberOf(said.code), signal: textOf(said.signal) })
    case 'notStarted':
      return child.end({ kind: 'notStarted', reason: textOf(said.reason) ?? 'the supervisor gave no reason' })
    case 'output':
      return void (said.stream === 'stderr' ? child.stderr : child.stdout).write(textOf(said.text) ?? '')
    case 'rss':
      return child.rssWaiters.shift()?.(numberOf(said.bytes))
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
