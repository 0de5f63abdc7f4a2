import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Plan } from '../../flow/plan/plan.ts'
import { openAmqpBroker } from '../../runtime/broker/amqp/open-amqp-broker.ts'
import type { Broker } from '../../runtime/broker/broker.ts'
import { bundlePrograms, programsDirectory } from '../../runtime/bundle/bundle-programs.ts'
import { systemClock as clock } from '../../runtime/clock.ts'
import { openRunner } from '../../runtime/runner/runner.ts'
import { openMemoryStore } from '../../runtime/store/memory-store.ts'
import { compileManifests } from '../rig/faults/compile-manifests.ts'
import type { BenchResult } from './bench-result.ts'
import { median, spread } from './bench-result.ts'
import type { Place } from './bench-servers.ts'
import { activate, firstMessage } from './pipeline/activate.ts'
import { onServers } from './pipeline/compare.ts'
import { stepComponent } from './pipeline/step-component.ts'
import { runnerEnvironment } from './pipeline/weir-pipeline.ts'

const rounds = 7
const attaches = 20
/** A runner that has not answered by then does not work. */
const lateMs = 30_000
const replies = 'bench.replies'
const log = pino({ level: 'warn' })

const component = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: step}
spec: {image: step}
`
const respond = `{name: answer, respond: {body: 'data'}}`

function flow(name: string, steps: string): string {
  return `---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: ${name}}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps: [${steps}]
`
}

/**
 * From the start of the bundled runner's process to the answer of a message that was waiting and that a component works on: two
 * processes, the component's being started for the message. Beside it, without a goal of its own, a message that meets built-ins
 * alone. And from the attaching of a step to a runner that lives, to its first message.
 */
export function bench(): Promise<BenchResult[]> {
  return onServers(async ({ servers, directory, opened }) => {
    await bundlePrograms(join(directory, 'dist'))
    await stepComponent(directory)
    const text =
      component + flow('plain', respond) + flow('called', `{name: call, component: step, function: step}, ${respond}`)
    const [plain, called] = (await compileManifests(text, { step: directory })) as [Plan, Plan]
    const place = await servers.openPlace()
    const planDirectory = join(directory, 'plans')
    await activate(place, [plain, called], planDirectory)
    const broker = await openAmqpBroker({ url: place.amqpUrl, connectionName: 'bench', log })
    opened.defer(broker.close)
    const environment = { ...runnerEnvironment(place, directory), WEIR_PLANS: planDirectory }
    const program = join(directory, 'dist', programsDirectory, 'runner.mjs')
    const start = await starter(broker, program)
    const starts = { withComponent: () => start(called, environment), alone: () => start(plain, environment) }
    return [await startResult(starts), await attachResult(place, broker)]
  })
}

/** What the goal counts: the runner's, and the component's. */
const processes = 2

/** Each gives milliseconds from start to answer. */
interface Starts {
  readonly withComponent: () => Promise<number>
  readonly alone: () => Promise<number>
}

async function startResult({ withComponent, alone }: Starts): Promise<BenchResult> {
  const emptyMs: number[] = []
  const wholeMs: number[] = []
  const aloneMs: number[] = []
  const overMs: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const [empty, whole, single] = [await emptyNodeMs(), await withComponent(), await alone()]
    // The first of each warms the disk's cache.
    if (round === 0) continue
    emptyMs.push(empty)
    wholeMs.push(whole)
    aloneMs.push(single)
    overMs.push(whole / processes - empty)
  }
  const shown = (times: readonly number[]): string => `${median(times).toFixed(0)} ms`
  const note =
    `above an empty Node process for each of ${processes}, ${spread(overMs)}; from start to answer ${shown(wholeMs)}, ` +
    `without a component ${shown(aloneMs)}, an empty process ${shown(emptyMs)}`
  return { name: 'start', value: median(overMs), goal: 60, unit: ' ms', note }
}

type Environment = Readonly<Record<string, string | undefined>>

/** Gives the time from a start to the answer of the message that waits for it. */
async function starter(
  broker: Broker,
  program: string,
): Promise<(plan: Plan, environment: Environment) => Promise<number>> {
  let onReply = (): void => {}
  await broker.declareQueues([{ name: replies, temporary: true }])
  await broker.consume(replies, { prefetch: 10 }, ({ ack }) => {
    ack()
    onReply()
  })
  return async (plan, environment) => {
    const queue = plan.triggers[0]?.queue ?? ''
    await broker.publish({ kind: 'queue', queue }, firstMessage(plan, { n: 1 }, { replyTo: replies }))
    const replied = new Promise<void>((resolve) => (onReply = resolve))
    const startedAt = performance.now()
    const runner = spawn(process.execPath, [program], { env: environment, stdio: 'inherit' })
    const tooEarly = early(runner)
    tooEarly.catch(() => {}) // it ends after its answer, too
    await Promise.race([replied, tooEarly])
    const tookMs = performance.now() - startedAt
    runner.kill('SIGTERM')
    if (runner.exitCode === null) await once(runner, 'exit')
    return tookMs
  }
}

async function early(runner: ChildProcess): Promise<never> {
  await once(runner, 'exit', { signal: AbortSignal.timeout(lateMs) })
  throw new Error('the runner ended before it had answered')
}

async function emptyNodeMs(): Promise<number> {
  const startedAt = performance.now()
  await once(spawn(process.execPath, ['-e', ''], { stdio: 'ignore' }), 'exit')
  return performance.now() - startedAt
}

/** In this process, which is a runner with one more connection: from `attach` to the end of the message that was waiting. */
async function attachResult(place: Place, sender: Broker): Promise<BenchResult> {
  const text = Array.from({ length: attaches + 1 }, (_, n) =>
    flow(`attached-${n}`, `{name: shape, transform: 'data'}`),
  ).join('')
  const plans = await compileManifests(text, {})
  await activate(place, plans)
  for (const plan of plans) {
    await sender.publish({ kind: 'queue', queue: plan.triggers[0]?.queue ?? '' }, firstMessage(plan, { n: 1 }))
  }
  const broker = await openAmqpBroker({ url: place.amqpUrl, connectionName: 'bench', log })
  let onFinished = (): void => {}
  const runner = openRunner(partsOf(broker, plans, () => onFinished()))
  const tookMs: number[] = []
  for (const [at, plan] of plans.entries()) {
    const [stage] = plan.stages
    if (stage === undefined) continue
    const finished = new Promise<void>((resolve) => (onFinished = resolve))
    const startedAt = performance.now()
    await Promise.all([runner.attach({ stage, plan }), finished])
    // The first opens the connections.
    if (at > 0) tookMs.push(performance.now() - startedAt)
  }
  await runner.close(1000)
  await broker.close()
  const note = `from attaching to the end of the first message, ${spread(tookMs)}; the goal is a time, not a ratio`
  return { name: 'attach', value: median(tookMs), goal: 20, unit: ' ms', note }
}

type RunnerParts = Parameters<typeof openRunner>[0]

function partsOf(broker: Broker, plans: readonly Plan[], onFinished: () => void): RunnerParts {
  const planOf = (flow: string): Plan | undefined => plans.find((plan) => plan.flow.uid === flow)
  const noCode = (): Promise<never> => Promise.reject(new Error('no component is called here'))
  return {
    broker,
    clock,
    log,
    code: noCode,
    store: openMemoryStore({ clock }),
    host: {
      call: noCode,
      stop: async () => {},
      close: async () => {},
      stats: () => ({ children: 0, running: 0, waiting: 0, starving: 0 }),
    },
    credentials: { get: async () => undefined },
    limits: { queuedMessages: 10_000, messageBytes: 1024 * 1024 },
    plans: {
      active: planOf,
      get: async (flow) => planOf(flow),
      refresh: async (flow) => planOf(flow),
      flows: () => plans.map(({ flow }) => flow.uid),
    },
    observer: { onReceived: () => {}, onEvent: () => {}, onRun: () => {}, onEntrySettled: () => {}, onFinished },
  }
}
