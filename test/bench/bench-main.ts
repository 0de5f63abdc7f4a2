import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openServers } from '../env/shared-servers.ts'
import type { BenchReading } from './bench-result.ts'
import { formatResult } from './bench-result.ts'

type Bench = () => Promise<{ readonly bench: () => Promise<readonly BenchReading[]> }>

/** On real servers. */
const onServers: Readonly<Record<string, Bench>> = {
  pipeline: () => import('./pipeline-bench.ts'),
  naive: () => import('./naive-bench.ts'),
  fusion: () => import('./fusion-bench.ts'),
  safety: () => import('./safety-bench.ts'),
  latency: () => import('./latency-bench.ts'),
  idle: () => import('./idle-bench.ts'),
  start: () => import('./start-bench.ts'),
  recorder: () => import('./recorder-bench.ts'),
  link: () => import('./link-bench.ts'),
  'operator-apply': () => import('./operator-apply-bench.ts'),
  'operator-cache': () => import('./operator-cache-bench.ts'),
  'operator-scale': () => import('./operator-scale-bench.ts'),
}
/** On an API server. */
const onCluster: Readonly<Record<string, Bench>> = {
  'status-writes': () => import('./status-writes-bench.ts'),
}
const benches: Readonly<Record<string, Bench>> = {
  ...onServers,
  ...onCluster,
  expression: () => import('./expression-bench.ts'),
  lint: () => import('./lint-bench.ts'),
  message: () => import('./message-bench.ts'),
  host: () => import('./host-bench.ts'),
  'local-idle': () => import('./local-idle-bench.ts'),
  'local-start': () => import('./local-start-bench.ts'),
  memory: () => import('./memory-bench.ts'),
}
const groups: Readonly<Record<string, readonly string[]>> = {
  /** What the README shows. */
  table: ['pipeline', 'naive', 'fusion', 'safety', 'latency', 'idle', 'start', 'expression', 'recorder'],
  servers: Object.keys(onServers),
  operator: ['operator-cache', 'status-writes', 'operator-apply', 'operator-scale'],
  local: Object.keys(benches).filter((name) => !Object.hasOwn({ ...onServers, ...onCluster }, name)),
}

/**
 * `make bench [ONLY="NAME…"]`: each benchmark in a process of its own, a line for each result; exit code 1 when one falls short.
 * A name may be that of a group: `table`, `servers`, `operator`, `local`.
 */
const [only = '', isChild] = process.argv.slice(2)
await (isChild === 'here' ? runHere(only) : runAll(namesIn(process.argv.slice(2))))

async function runHere(name: string): Promise<never> {
  const { bench } = await (benches[name] as Bench)()
  for (const result of await bench()) {
    process.stdout.write(`${formatResult(result)}\n`)
    if ('note' in result) process.stderr.write(`  ${result.name}: ${result.note}\n`)
  }
  process.exit(0)
}

function namesIn(words: readonly string[]): readonly string[] {
  const given = words.flatMap((word) => word.split(/[ ,]+/)).filter((word) => word !== '')
  const names = given.length === 0 ? Object.keys(benches) : given.flatMap((name) => groups[name] ?? [name])
  const unknown = names.find((name) => !Object.hasOwn(benches, name))
  if (unknown === undefined) return names
  const known = [...Object.keys(benches), ...Object.keys(groups)].join(', ')
  process.stderr.write(`no benchmark "${unknown}"; there are ${known}\n`)
  process.exit(2)
}

async function runAll(names: readonly string[]): Promise<void> {
  // Opened once for all of them; each takes a vhost and a database of its own.
  const needsServers = names.some((name) => Object.hasOwn(onServers, name))
  const servers = needsServers ? await openServers() : undefined
  const urls = servers === undefined ? {} : urlsOf(servers)
  for (const name of names) run(name, { ...process.env, ...urls })
  await servers?.close()
}

/** What is missing the benchmark itself says. */
function urlsOf({ rabbit, mongo }: Awaited<ReturnType<typeof openServers>>): NodeJS.ProcessEnv {
  return {
    ...(rabbit.kind === 'found' && { AMQP_URL: rabbit.amqpUrl, RABBITMQ_MANAGEMENT_URL: rabbit.managementUrl }),
    ...(mongo.kind === 'found' && { MONGODB_URL: mongo.url }),
  }
}

function run(name: string, env: NodeJS.ProcessEnv): void {
  const self = fileURLToPath(import.meta.url)
  const { stdout, status } = spawnSync(process.execPath, ['--expose-gc', self, name, 'here'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env,
  })
  process.stdout.write(stdout)
  if (status !== 0) process.stdout.write(`${name} failed with exit code ${status}\n`)
  if (status !== 0 || stdout.includes(' short\n')) process.exitCode = 1
}
