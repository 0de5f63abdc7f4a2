import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { removeGuardedDirectory } from './guard.ts'
import { findRabbit, type RabbitProgram, type RabbitVersion } from './rabbit-program.ts'
import { isListening, openAnew, startProcess, stopProcess, untilReady, type ServerProcess } from './server-process.ts'

export interface RabbitOptions {
  /** The major version; 3 is the oldest that works (3.10) where the system has no other 3. */
  readonly version?: RabbitVersion
  /** Further lines of rabbitmq.conf. */
  readonly config?: readonly string[]
}

/** A RabbitMQ of one node with the management plugin, for whoever opened it alone; user and password are `guest`. */
export interface RabbitServer {
  readonly amqpUrl: string
  readonly managementUrl: string
  readonly amqpPort: number
  /** Of the Erlang machine; another one after each start. */
  readonly pid: () => number
  /** As an administrator would; the data stay. */
  readonly stop: () => Promise<void>
  /** SIGKILL. */
  readonly kill: () => Promise<void>
  /** Again, with the same data and ports. */
  readonly start: () => Promise<void>
  /** SIGSTOP: it holds its connections and answers nothing. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** Ends it and removes what it has written. */
  readonly close: () => Promise<void>
}

const startTimeoutMs = 300_000
const stopTimeoutMs = 60_000

/** @throws when there is no such RabbitMQ here (see `findRabbit` for a reason without an exception), or it does not start */
export async function openRabbit({ version = 3, config = [] }: RabbitOptions = {}): Promise<RabbitServer> {
  const program = await findRabbit(version)
  if (program.kind === 'missing') throw new Error(program.reason)
  return openAnew('rabbit', async (directory) => openNode(await prepareNode(program, config, directory)))
}

interface Node {
  readonly program: Extract<RabbitProgram, { kind: 'found' }>
  readonly directory: string
  readonly amqpPort: number
  readonly managementPort: number
  readonly epmdPort: number
  readonly env: NodeJS.ProcessEnv
}

async function prepareNode(program: Node['program'], config: readonly string[], directory: string): Promise<Node> {
  const [amqpPort = 0, managementPort = 0, distPort = 0, epmdPort = 0] = await freePorts(4)
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${amqpPort}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${managementPort}`,
    'vm_memory_high_watermark.absolute = 1GB',
    'log.console = false',
    ...config,
  ]
  await mkdir(join(directory, 'log'))
  await writeFile(join(directory, 'plugins'), '[rabbitmq_management].\n')
  await writeFile(join(directory, 'rabbitmq.conf'), `${lines.join('\n')}\n`)
  const env = {
    PATH: program.path,
    LANG: 'C.UTF-8',
    // Its cookie: no other node can meet it.
    HOME: directory,
    ERL_CRASH_DUMP_BYTES: '0',
    // An epmd of its own: the one that RabbitMQ would start is shared by all of the machine, and stays.
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'weir@localhost',
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_MNESIA_BASE: join(directory, 'data'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    // Makes the start script become the Erlang machine in place of waiting for it.
    RABBITMQ_ALLOW_INPUT: '1',
  }
  return { program, directory, amqpPort, managementPort, epmdPort, env }
}

async function openNode(node: Node): Promise<RabbitServer> {
  const { directory, program, env, amqpPort, managementPort } = node
  const epmd = startProcess({
    name: 'epmd',
    directory,
    program: program.epmd,
    args: ['-port', String(node.epmdPort)],
    env,
  })
  const closeEpmd = (): Promise<void> => stopProcess(epmd, { first: 'SIGKILL', timeoutMs: stopTimeoutMs })
  let server: ServerProcess
  const end = (first: NodeJS.Signals): Promise<void> => stopProcess(server, { first, timeoutMs: stopTimeoutMs })
  const start = async (): Promise<void> => {
    if (server?.isRunning()) return
    server = startProcess({ name: 'rabbitmq', directory, program: program.server, args: ['-noinput'], env })
    await untilReady(server, () => isReady(node), startTimeoutMs)
  }
  try {
    await untilReady(epmd, () => isListening(node.epmdPort), startTimeoutMs)
    await start()
  } catch (error) {
    await closeEpmd()
    throw error
  }
  return {
    amqpUrl: `amqp://guest:guest@127.0.0.1:${amqpPort}`,
    managementUrl: `http://guest:guest@127.0.0.1:${managementPort}`,
    amqpPort,
    pid: () => server.pid,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    start,
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    close: async () => {
      await end('SIGKILL')
      await closeEpmd()
      await removeGuardedDirectory(directory)
    },
  }
}

/** Both doors are open; they open one after the other. */
async function isReady({ amqpPort, managementPort }: Node): Promise<boolean> {
  if (!(await isListening(amqpPort))) return false
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  const signal = AbortSignal.timeout(5_000)
  return fetch(`http://127.0.0.1:${managementPort}/api/overview`, { headers: { authorization }, signal }).then(
    (answer) => answer.ok,
    () => false,
  )
}
