import { askedFor } from '../cluster/kinds.ts'
import type { Resource } from '../../kube/kube-object.ts'
import { pause, systemClock } from '../../kube/clock.ts'
import type { ListOptions } from '../cluster/cluster-options.ts'
import { judgeWait, parseWaitFor, type WaitFor } from '../cluster/judge-wait.ts'
import { namedObject } from '../cluster/named-object.ts'
import { withCluster, type Cluster } from '../cluster/open-cluster.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface WaitOptions extends ListOptions {
  readonly for: string
  readonly timeout: number
}

/** Waits until all of the named objects are as they should be. Exit code 1 when they are not in time, or never will be. */
export function waitCommand(context: CommandContext, words: readonly string[], options: WaitOptions): Promise<number> {
  const wanted = parseWaitFor(options.for)
  const { interrupted } = context.takeInterrupts()
  return withCluster(options, async (cluster) => {
    const deadline = AbortSignal.timeout(options.timeout * 1000)
    const signal = AbortSignal.any([deadline, interrupted])
    const targets = await targetsOf(cluster, words, options)
    const codes = await Promise.all(targets.map((target) => waitForOne(context, cluster, { target, wanted, signal })))
    return interrupted.aborted ? 130 : Math.max(0, ...codes)
  })
}

interface Target {
  readonly resource: Resource
  readonly name: string
}

async function targetsOf(
  cluster: Cluster,
  words: readonly string[],
  { for: wanted, selector }: WaitOptions,
): Promise<Target[]> {
  const targets: Target[] = []
  for (const { resource, names } of askedFor(words)) {
    const all =
      names.length > 0
        ? names
        : (await cluster.list(resource, { labelSelector: selector })).map(({ metadata }) => metadata.name)
    // One that is gone is what deletion is waited for; anything else cannot come of a typing mistake.
    if (wanted !== 'delete' && names.length > 0) for (const name of names) await namedObject(cluster, resource, name)
    targets.push(...all.map((name) => ({ resource, name })))
  }
  if (targets.length === 0) throw new UsageError(`there is nothing to wait for in namespace "${cluster.namespace}"`)
  return targets
}

interface Waiting {
  readonly target: Target
  readonly wanted: WaitFor
  readonly signal: AbortSignal
}

const everyMs = 500

async function waitForOne(
  { terminal }: CommandContext,
  cluster: Cluster,
  { target, wanted, signal }: Waiting,
): Promise<number> {
  const shown = `${target.resource.kind.toLowerCase()}.${target.resource.group}/${target.name}`
  for (;;) {
    const verdict = judgeWait(await cluster.find(target.resource, target.name), wanted)
    if (verdict.kind === 'met') {
      terminal.out.write(`${shown} ${wanted.kind === 'delete' ? 'deleted' : 'condition met'}\n`)
      return 0
    }
    if (verdict.kind === 'stalled' || signal.aborted) {
      const lead = verdict.kind === 'stalled' ? 'will not be so by waiting' : 'timed out'
      terminal.err.write(`${shown} ${lead}: ${verdict.why}\n`)
      return 1
    }
    await pause(systemClock, everyMs, signal)
  }
}
