import { resources } from '../../crds/resources.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { Broker } from '../../runtime/broker/broker.ts'
import { openEventPublisher } from '../../runtime/recorder/event-publisher.ts'
import type { Run } from '../../runtime/store/store.ts'
import { startRun, type Firing, type RunStart } from '../../runtime/trigger/start-run.ts'
import { freshId } from '../../runtime/wire/message-id.ts'
import { activeOf, planOfRevision, revisionsOf } from '../cluster/flow-revisions.ts'
import type { LiveFlow } from '../cluster/flow-standing.ts'
import { flowName } from '../cluster/kinds.ts'
import { namedObject } from '../cluster/named-object.ts'
import { withCluster, type Cluster } from '../cluster/open-cluster.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import { openBrokerOf } from '../connect/open-broker.ts'
import { quiet } from '../connect/open-store.ts'
import { openLog } from '../log.ts'
import { chooseTrigger, type ChosenTrigger } from '../run/choose-trigger.ts'
import { firstMessage } from '../run/first-message.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface TriggerOptions extends ConnectOptions {
  readonly trigger?: string
  readonly data?: string
  readonly header: ReadonlyMap<string, string>
  readonly output: 'text' | 'name'
}

/** Fires a trigger of a flow in the cluster by hand: the first message goes to the queue by the broker itself. */
export async function clusterTriggerCommand(
  context: CommandContext,
  word: string,
  options: TriggerOptions,
): Promise<number> {
  const chosen = await withCluster(options, (cluster) => chosenIn(cluster, word, options.trigger))
  const { terminal } = context
  const first = await firstMessage(chosen, options, { terminal, nowMs: systemClock.now() })
  const broker = await openBrokerOf(context, { ...options, isInCluster: true })
  try {
    const started = await startObserved(context, broker, { ...chosen, first })
    const flow = chosen.plan.flow.name
    if (started.kind === 'unroutable') {
      terminal.err.write(`flow "${flow}" has no queue there: is --broker the one that this cluster uses?\n`)
      return 1
    }
    const shown =
      options.output === 'name' ? started.run : `run ${started.run} of ${flow}/${chosen.trigger.name} started`
    terminal.out.write(`${shown}\n`)
    return 0
  } finally {
    await broker.close()
  }
}

/** The recorder is told of the run, as it is of any other. */
async function startObserved(
  { logLevel, terminal }: CommandContext,
  broker: Broker,
  firing: Firing,
): Promise<RunStart> {
  const events = openEventPublisher({ broker, clock: systemClock, log: openLog(quiet(logLevel), terminal.err) })
  try {
    const onRun = (run: Run): void => events.observe({ kind: 'run', run })
    return await startRun({ broker, ids: { freshId }, clock: systemClock, onRun }, firing)
  } finally {
    await events.close()
  }
}

async function chosenIn(cluster: Cluster, word: string, named: string | undefined): Promise<ChosenTrigger> {
  const name = flowName(word)
  const flow = await namedObject<LiveFlow>(cluster, resources.flows, name)
  const active = activeOf(await revisionsOf(cluster, flow))
  const plan = active && (await planOfRevision(cluster, active))
  if (plan === undefined)
    throw new UsageError(`flow "${name}" has no active revision yet: "weir describe flow ${name}" says why`)
  const { suspend, freeze } = flow.spec
  // Every other way in is closed, too.
  if (suspend === true || freeze === true)
    throw new UsageError(`flow "${name}" is ${freeze === true ? 'frozen' : 'suspended'}: weir resume ${name}`)
  return chooseTrigger([plan], named === undefined ? undefined : `${name}/${named}`)
}
