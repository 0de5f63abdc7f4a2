import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { resources } from '../../crds/resources.ts'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import { openObjectCache } from '../../kube/cache/object-cache.ts'
import { slim } from '../../kube/cache/projection.ts'
import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import type { InCluster } from '../../operator/operator-parts.ts'
import { bundlePrograms, programsDirectory } from '../../runtime/bundle/bundle-programs.ts'
import { untilSo } from './bench-cluster.ts'
import { applyFlow, everydayFlow } from './bench-flow.ts'
import { formatResult, median, spread, type BenchResult } from './bench-result.ts'
import { installedEnvironment, openOperatorAccount } from './installed-operator.ts'
import { openBenchGround, type BenchGround } from './many-flows.ts'
import { cpuMsOfPid, rssMbOfPid } from './process-cost.ts'

const many = { namespace: 'bench-many', flows: Number(process.env['WEIR_BENCH_FLOWS'] ?? 10_000) }
const few = { namespace: 'bench-few', flows: 10 }
const starts = 5
const edits = 100
/** Before they count: what is made at the first use is made by then. */
const warmUps = 5
/** 600 for the goal's ten minutes. */
const restSeconds = Number(process.env['WEIR_BENCH_REST_SECONDS'] ?? 60)
const patienceMs = 900_000

/** The operator's process with 10,000 suspended Flows: its start, its memory, what it does when nothing happens; and an edit there against one among 10. */
export async function bench(): Promise<BenchResult[]> {
  const ground = await openBenchGround()
  const directory = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  try {
    await ground.fill(few.namespace, few.flows)
    await ground.fill(many.namespace, many.flows)
    await bundlePrograms(join(directory, 'dist'))
    const program = join(directory, 'dist', programsDirectory, 'operator.mjs')
    const results = [...(await startAmongFew(ground, program)), ...(await restAmongMany(ground, program))]
    // What is known is known, whatever becomes of the rest.
    for (const result of results) process.stderr.write(`  ${formatResult(result)}\n`)
    return [...results, await editAmongBoth(ground)]
  } finally {
    await rm(directory, { recursive: true, force: true })
    await ground.close()
  }
}

interface Started {
  readonly child: ChildProcess
  readonly pid: number
  /** From the start of the process, in milliseconds. */
  readonly reconciledAfterMs: number
  /** By the names of Prometheus. */
  readonly metrics: () => Promise<string>
}

/** As in its pod, as far as a machine without one can have it. */
async function start(ground: BenchGround, program: string, namespace: string): Promise<Started> {
  const { rabbit, mongo } = ground
  const account = await openOperatorAccount(ground, namespace)
  const since = performance.now()
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      ...installedEnvironment(),
      ...account.environment,
      WEIR_BROKER_URL: rabbit.amqpUrl,
      WEIR_BROKER_MANAGEMENT_URL: rabbit.managementUrl,
      WEIR_STORE_URL: mongo.url,
      WEIR_TENANT_KEY: `key of ${namespace}`,
      WEIR_HTTP_PORT: '0',
      WEIR_HTTP_HOST: '127.0.0.1',
      WEIR_NAMESPACE: namespace,
      WEIR_LEASE_NAMESPACE: namespace,
      WEIR_LEASE_NAME: 'bench-start',
    },
  })
  child.once('exit', () => void account.close())
  process.once('exit', () => child.kill('SIGKILL'))
  const port = await portOf(child)
  const metrics = (): Promise<string> =>
    fetch(`http://127.0.0.1:${port}/metrics`).then(
      (answer) => answer.text(),
      () => '', // its connection was closed meanwhile: asked again
    )
  const until = since + patienceMs
  while (sumOf(await metrics(), reconciles) === 0) {
    if (performance.now() > until) throw new Error('nothing was reconciled')
    await pause(10)
  }
  return { child, pid: child.pid ?? 0, reconciledAfterMs: performance.now() - since, metrics }
}

const reconciles = /^controller_runtime_reconcile_total\{[^}]*controller="flow"[^}]*\} (\d+)/gm

function sumOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0)
}

async function portOf(child: ChildProcess): Promise<number> {
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output = `${output}${text}`.slice(-100_000)))
  const find = (): string | undefined => /"port":(\d+),"msg":"ready"/.exec(output)?.[1]
  while (find() === undefined) {
    if (child.exitCode !== null) throw new Error(`the operator has ended: ${output}`)
    await pause(2)
  }
  return Number(find())
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

async function startAmongFew(ground: BenchGround, program: string): Promise<BenchResult[]> {
  const times: number[] = []
  for (let round = 0; round < starts; round += 1) {
    const { child, reconciledAfterMs } = await start(ground, program, few.namespace)
    times.push(reconciledAfterMs / 1000)
    await end(child)
  }
  const note = `${spread(times)} in ${starts} starts, 10 Flows`
  return [{ name: 'operator-start', value: median(times), goal: 1, unit: 's', note }]
}

/** When it has looked at all of them, and said of each what there is to say. */
async function restAmongMany(ground: BenchGround, program: string): Promise<BenchResult[]> {
  const { child, pid, reconciledAfterMs, metrics } = await start(ground, program, many.namespace)
  await untilQuiet(async () => sumOf(await metrics(), reconciles))
  const [cpuBefore, writesBefore] = [await cpuMsOfPid(pid), await writesTo(ground)]
  await pause(restSeconds * 1000)
  const cpu = ((await cpuMsOfPid(pid)) - cpuBefore) / (restSeconds * 10)
  const writes = (await writesTo(ground)) - writesBefore
  const memory = await rssMbOfPid(pid)
  await end(child)
  return [
    {
      name: 'operator-memory',
      value: memory,
      goal: 200,
      unit: 'MB',
      note: `resident; first reconcile ${(reconciledAfterMs / 1000).toFixed(1)} s after the start`,
    },
    {
      name: 'operator-rest-writes',
      value: writes,
      goal: 0,
      unit: '',
      note: `in ${restSeconds} s; its Lease is not counted`,
    },
    { name: 'operator-rest-cpu', value: cpu, goal: 2, unit: '% of a core', note: `over ${restSeconds} s` },
  ]
}

async function untilQuiet(count: () => Promise<number>): Promise<void> {
  let before = -1
  // Each was looked at, and then nothing for a while.
  for (let now = await count(); now < many.flows || now !== before; now = await count()) {
    before = now
    await pause(10_000)
  }
}

/** By whomever, as the server counts them: to Weir's kinds, Events and Secrets. */
async function writesTo({ client }: BenchGround): Promise<number> {
  const text = orThrow(await client.read({ method: 'GET', path: '/metrics', accept: 'text/plain' }, (all) => all))
  const lines = text.split('\n').filter((line) => line.startsWith('apiserver_request_total{'))
  const counted = lines.filter(
    (line) =>
      /verb="(?:POST|PUT|PATCH|APPLY|DELETE)"/.test(line) &&
      /group="weir\.dev"|resource="(?:events|secrets)"/.test(line),
  )
  return counted.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** In turns, so that both have the same weather. */
async function editAmongBoth(ground: BenchGround): Promise<BenchResult> {
  const places = [many, few]
  const opened = await Promise.all(places.map(({ namespace }) => openEdited(ground, namespace)))
  const took: number[][] = places.map(() => [])
  for (let round = -warmUps; round < edits; round += 1)
    for (const [at, one] of opened.entries()) {
      const ms = await one.edit(round)
      if (round >= 0) took[at]?.push(ms)
    }
  await Promise.all(opened.map(({ close }) => close()))
  const [ofMany = 0, ofFew = 0] = took.map((times) => percentile(times, 0.99))
  const [middleOfMany = 0, middleOfFew = 0] = took.map(median)
  const shown = (ms: number): string => ms.toFixed(0)
  const note = `p99 ${shown(ofMany)} ms and ${shown(ofFew)} ms, median ${shown(middleOfMany)} and ${shown(middleOfFew)}; ${edits} edits each, without the 3 s that a new queue waits`
  return { name: 'operator-edit', value: ofMany / ofFew, goal: 2, unit: '×', note }
}

interface Edited {
  /** Milliseconds until its revision is active. */
  readonly edit: (round: number) => Promise<number>
  readonly close: () => Promise<void>
}

/** A Flow among the others that runs. */
async function openEdited(ground: BenchGround, namespace: string): Promise<Edited> {
  const { client, kubeconfig, rabbit, mongo } = ground
  const program = join(import.meta.dirname, 'edited-operator-main.ts')
  const places = JSON.stringify({ kubeconfig, rabbit, mongo })
  const child = spawn(process.execPath, [program, namespace, places], { stdio: ['ignore', 'inherit', 'inherit'] })
  process.once('exit', () => child.kill('SIGKILL'))
  const { metadata, spec } = everydayFlow(0, { suspend: false })
  const name = 'edited'
  await applyFlow(client, namespace, { metadata: { ...metadata, name }, spec })
  const ending = new AbortController()
  const fieldSelector = `metadata.name=${name}`
  const seen = openObjectCache<KubeObject>({
    client,
    namespace,
    resource: resources.flows,
    project: slim,
    fieldSelector,
  })
  const following = seen.run(ending.signal)
  const isActive = (edit: number | undefined): boolean => {
    const flow = seen.get(`${namespace}/${name}`) as unknown as InCluster<Flow> | undefined
    const { activeRevision = 0, conditions = [], observedGeneration } = flow?.status ?? {}
    const isReady = conditions.some((one) => one.type === 'Ready' && one.status === 'True')
    return (
      isReady && (edit === undefined || (activeRevision > edit && observedGeneration === flow?.metadata.generation))
    )
  }
  await untilSo(() => isActive(undefined), patienceMs)
  await untilAtRest(child.pid ?? 0)
  const revision = (): number =>
    (seen.get(`${namespace}/${name}`) as unknown as InCluster<Flow>).status?.activeRevision ?? 0
  return {
    edit: async (round) => {
      const before = revision()
      const reached = Promise.withResolvers<void>()
      const stop = seen.subscribe(() => {
        if (isActive(before)) reached.resolve()
      })
      const since = performance.now()
      const body = [{ op: 'replace', path: '/spec/steps/11/log', value: `"edit ${round}"` }]
      const path = pathOf(resources.flows, { namespace, name })
      orThrow(await client.request({ method: 'PATCH', path, contentType: 'application/json-patch+json', body }))
      await reached.promise
      stop()
      return performance.now() - since
    },
    close: async () => {
      ending.abort()
      await following
      await end(child)
    },
  }
}

/** An edit comes before the first look at the others, and would be ready long before that is over, which takes a processor for half a minute. */
async function untilAtRest(pid: number): Promise<void> {
  const lookMs = 5_000
  for (let before = 0, now = await cpuMsOfPid(pid); now - before > lookMs / 10; now = await cpuMsOfPid(pid)) {
    before = now
    await pause(lookMs)
  }
}

/** By nearest rank. */
function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * part) - 1] ?? Number.NaN
}
