import { resources } from '../../crds/resources.ts'
import { pathOf } from '../../kube/kube-object.ts'
import type { ClusterOptions } from '../cluster/cluster-options.ts'
import { failureAdvice } from '../cluster/failure-advice.ts'
import type { LiveFlow } from '../cluster/flow-standing.ts'
import { flowName } from '../cluster/kinds.ts'
import { isWanted, merged, timedLine, type LogFilter, type PodLine } from '../cluster/log-lines.ts'
import { namedObject } from '../cluster/named-object.ts'
import { withCluster, type Cluster } from '../cluster/open-cluster.ts'
import { podKind, poolPods, type PoolPod } from '../cluster/pool-pods.ts'
import { instantOf } from '../instant.ts'
import { humanLine, printable } from '../log.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface LogsOptions extends ClusterOptions {
  readonly step?: string
  readonly run?: string
  readonly since?: string
  readonly tail: number
  readonly follow: boolean
  readonly container?: string
  readonly output: 'text' | 'json'
}

/** Prints what the pods that work for a flow have logged, by time. */
export function clusterLogsCommand(
  context: CommandContext,
  word: string | undefined,
  options: LogsOptions,
): Promise<number> {
  const { interrupted } = context.takeInterrupts()
  return withCluster(options, async (cluster) => {
    const flow = word === undefined ? undefined : await namedObject<LiveFlow>(cluster, resources.flows, flowName(word))
    const step = stepOf(flow, options.step)
    const pods = await poolPods(cluster, flow)
    if (pods.length === 0) {
      const whose = flow === undefined ? 'no pool has a pod' : `flow "${flow.metadata.name}" has no pods`
      context.terminal.err.write(`${whose} in namespace ${cluster.namespace} now: a pool without work has none\n`)
      return 0
    }
    const { uid = '', name = '' } = flow?.metadata ?? {}
    const filter: LogFilter = { ...(flow !== undefined && { flow: { name, uid } }), step, run: options.run }
    const reading = { context, cluster, pods, filter, options, signal: interrupted }
    return options.follow ? follow(reading) : readOnce(reading)
  })
}

function stepOf(flow: LiveFlow | undefined, step: string | undefined): string | undefined {
  if (flow === undefined || step === undefined) return step
  const names = flow.spec.steps.map(({ name }) => name)
  if (names.includes(step)) return step
  throw new UsageError(`flow "${flow.metadata.name}" has no step "${step}"; there is ${names.join(', ')}`)
}

interface Reading {
  readonly context: CommandContext
  readonly cluster: Cluster
  readonly pods: readonly PoolPod[]
  readonly filter: LogFilter
  readonly options: LogsOptions
  readonly signal: AbortSignal
}

async function readOnce(reading: Reading): Promise<number> {
  const { context, cluster, pods, filter } = reading
  const answers = await Promise.all(
    sourcesOf(reading).map(async (source) => {
      const answer = await cluster.client.read(requestOf(reading, source), (text) => text.split('\n'))
      if (answer.kind === 'done') return { source, lines: answer.value, failure: undefined }
      return { source, lines: [], failure: answer.failure }
    }),
  )
  for (const { source, failure } of answers) {
    if (failure !== undefined) tell(reading, source, failureAdvice(failure, { ...cluster, what: 'read logs' }).message)
  }
  const lines = answers.map(({ source, lines }) =>
    lines.filter((line) => line !== '').map((line): PodLine => ({ pod: source.pod, ...timedLine(line) })),
  )
  for (const line of merged(lines))
    if (isWanted(line.text, filter)) print(context, line, { reading, isMany: pods.length > 1 })
  return answers.every(({ failure }) => failure !== undefined) ? 1 : 0
}

async function follow(reading: Reading): Promise<number> {
  const { context, cluster, pods, filter, signal } = reading
  await Promise.all(
    sourcesOf(reading).map(async (source) => {
      const answer = await cluster.client.stream({ ...requestOf(reading, source), signal })
      if (answer.kind === 'failed') {
        return tell(reading, source, failureAdvice(answer.failure, { ...cluster, what: 'read logs' }).message)
      }
      try {
        for await (const line of linesIn(answer.value)) {
          const timed: PodLine = { pod: source.pod, ...timedLine(line) }
          if (isWanted(timed.text, filter)) print(context, timed, { reading, isMany: pods.length > 1 })
        }
      } catch (error) {
        if (!signal.aborted) tell(reading, source, error instanceof Error ? error.message : String(error))
      }
    }),
  )
  return 0
}

async function* linesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

interface Source {
  readonly pod: string
  readonly container: string
}

/** All containers that speak while it works; the one that copies the shim has nothing to say. */
function sourcesOf({ pods, options }: Pick<Reading, 'pods' | 'options'>): readonly Source[] {
  return pods.flatMap(({ metadata, spec }) => {
    const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name }) => name)
    const spoken = options.container === undefined ? all.filter((name) => name !== 'weir-copy') : [options.container]
    return spoken.map((container) => ({ pod: metadata.name, container }))
  })
}

function requestOf({ cluster, options }: Reading, { pod, container }: Source) {
  const { since, tail, follow } = options
  const sinceTime = since === undefined ? undefined : new Date(instantOf('--since', since, Date.now())).toISOString()
  return {
    method: 'GET' as const,
    path: pathOf(podKind, { namespace: cluster.namespace, name: pod, subresource: 'log' }),
    query: {
      container,
      timestamps: true,
      sinceTime,
      tailLines: tail < 0 ? undefined : tail,
      follow: follow ? true : undefined,
    },
    accept: '*/*',
  }
}

function tell({ context }: Reading, { pod, container }: Source, problem: string): void {
  context.terminal.err.write(`${pod} ${container}: ${problem}\n`)
}

interface Printing {
  readonly reading: Reading
  readonly isMany: boolean
}

function print({ terminal: { out } }: CommandContext, { pod, text }: PodLine, { reading, isMany }: Printing): void {
  const shown = reading.options.output === 'json' ? printable(text) : humanLine(text, out)
  out.write(`${isMany ? `${out.style('dim', pod)}  ` : ''}${shown}\n`)
}
