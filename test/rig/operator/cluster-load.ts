import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { vi } from 'vitest'
import { resources } from '../../../crds/resources.ts'
import { pathOf, type KubeObject, type Resource } from '../../../kube/kube-object.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { roleSecretName, type PodRole } from '../../../operator/tenants/tenant-secrets.ts'
import { openAmqpBroker } from '../../../runtime/broker/amqp/open-amqp-broker.ts'
import { deadQueue, unroutedQueue, type Broker } from '../../../runtime/broker/broker.ts'
import { systemClock } from '../../../runtime/clock.ts'
import {
  openKubernetesPlanSource,
  type KubernetesPlanSource,
} from '../../../runtime/plans/kubernetes/kubernetes-plan-source.ts'
import { planSourceRules } from '../../../runtime/plans/kubernetes/rules.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import type { Store } from '../../../runtime/store/store.ts'
import type { Rule } from '../../env/kube-tests.ts'
import type { OperatorPlaces } from '../../env/operator-tests.ts'
import { accountFor, effectsIn, type Account } from '../faults/account.ts'
import { startProgram, type ProcessUnderTest } from '../faults/process-under-test.ts'
import { openSender, type Sender } from '../faults/sender.ts'
import { openPodAccount } from '../pod-account.ts'
import type { OperatorRig } from './operator-rig.ts'

/** Runners and a recorder as processes, as in pods of the rig's namespace, and numbered messages for its first flow. */
export interface ClusterLoad {
  /** To whichever flow of the namespace is there. */
  readonly sender: Sender
  /** Where the last step of `relayFlow` writes. */
  readonly effects: string
  readonly broker: Broker
  readonly store: Store
  readonly plans: KubernetesPlanSource
  readonly start: (
    program: 'runner' | 'recorder',
    environment?: Readonly<Record<string, string>>,
  ) => Promise<ProcessUnderTest>
  readonly close: () => Promise<void>
}

/** What became of all messages; `sent` is the sum of the other four when none is lost. */
export interface ClosedAccount extends Account {
  readonly sent: number
  readonly discarded: number
  readonly waiting: number
}

export const relay = fileURLToPath(new URL('../../fixtures/components/relay', import.meta.url))
const log = pino({ enabled: false })
const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }

/** The component that `relayFlow` uses; it is made without an image that anybody could start. */
export async function applyRelay(rig: Pick<OperatorRig, 'apply'>): Promise<void> {
  const functions = ['pass', 'effect'].map((each) => ({ name: each, kind: 'action', main: `./${each}.js` }))
  await rig.apply(resources.components, { metadata: { name: 'relay' }, spec: { image: 'relay:1', functions } })
}

/** The spec of a flow of these steps, of which the last leaves the marks that are counted. */
export function relayFlow(effects: string, steps: readonly string[]): object {
  const last = steps.length - 1
  return {
    triggers: [{ name: 'by-hand', manual: {} }],
    steps: steps.map((name, at) => ({
      name,
      component: 'relay',
      concurrencyPerProcess: 50,
      ...(at === last ? { function: 'effect', config: { file: effects } } : { function: 'pass' }),
    })),
  }
}

/** A file that `relayFlow` can write to. */
export async function openEffects(): Promise<{ readonly file: string; readonly close: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-load-'))
  const file = join(directory, 'effects')
  await writeFile(file, '')
  return { file, close: () => rm(directory, { recursive: true, force: true }) }
}

/** What moves through the flow `orders`, from its step `first` to its step `last`. */
export interface RelayLoad extends ClusterLoad {
  readonly runner: ProcessUnderTest
  /** Puts a step of this name between the two in place of what was there. Another name is another plan. */
  readonly edit: (between: string) => Promise<unknown>
}

/** The flow and its component are applied and a recorder and a runner work, all in the rig's namespace, for which an operator has to be there. */
export async function openRelayLoad(rig: OperatorRig, places: OperatorPlaces): Promise<RelayLoad> {
  await using opening = new AsyncDisposableStack()
  const { file: effects, close } = await openEffects()
  opening.defer(close)
  const apply = (between: readonly string[]): Promise<unknown> =>
    rig.applyFlow('orders', relayFlow(effects, ['first', ...between, 'last']))
  await applyRelay(rig)
  await apply([])
  await rig.ready('orders')
  const load = await openClusterLoad(rig, places, { effects })
  opening.defer(load.close)
  await load.start('recorder')
  const runner = await load.start('runner')
  const opened = opening.move()
  return { ...load, runner, edit: (between) => apply([between]), close: () => opened.disposeAsync() }
}

/** When the namespace has its vhost, so when a flow of it was ready once. */
export async function openClusterLoad(
  rig: OperatorRig,
  { kubeApi, rabbit, mongo }: OperatorPlaces,
  { effects, rules = [] }: { readonly effects: string; readonly rules?: readonly Rule[] },
): Promise<ClusterLoad> {
  const opened = new AsyncDisposableStack()
  const { client, namespace, vhost, database } = rig
  const store = await openMongoStore({ url: mongo.url, database, log })
  opened.defer(store.close)
  const broker = await openAmqpBroker({
    url: rabbit.amqpUrl,
    vhost,
    connectionName: 'weir-test',
    log,
    clock: systemClock,
  })
  opened.defer(broker.close)
  const plans = await openKubernetesPlanSource({ client, namespace, clock: systemClock, log })
  opened.defer(plans.close)
  const account = await openPodAccount(client, kubeApi, { namespace, rules: [...planSourceRules, ...rules] })
  opened.defer(account.close)
  const start: ClusterLoad['start'] = async (program, own = {}) => {
    const started = await startProgram(program, {
      ...(await addressesOf(rig, program)),
      WEIR_COMPONENTS: `Component/relay=${relay}`,
      WEIR_PLANS: 'kubernetes',
      ...account.environment,
      ...own,
    })
    opened.defer(started.kill)
    return started
  }
  const sender = openSender({ broker, plans })
  return { sender, effects, broker, store, plans, start, close: () => opened.disposeAsync() }
}

/** What the operator has put into the Secret that such pods get. */
export async function addressesOf(
  { client, namespace }: Pick<OperatorRig, 'client' | 'namespace'>,
  role: PodRole,
): Promise<Readonly<Record<string, string>>> {
  const path = pathOf(secrets, { namespace, name: roleSecretName(role) })
  const found = await vi.waitFor(async () => orThrow(await client.request<KubeObject>({ method: 'GET', path })), {
    timeout: 60_000,
    interval: 100,
  })
  const data = found['data'] as Readonly<Record<string, string>>
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  )
}

const lines = 5
const pauseMs = 100

/** Sends about fifty messages a second until the work is done: a load that leaves the machine to what it is about. */
export async function underSteadyLoad<Result>({ sender }: ClusterLoad, work: () => Promise<Result>): Promise<Result> {
  const done = new AbortController()
  const line = async (): Promise<void> => {
    while (!done.signal.aborted) await sender.send(1, { pauseMs })
  }
  const sending = Promise.all(Array.from({ length: lines }, line))
  try {
    return await work()
  } finally {
    done.abort()
    await sending
  }
}

/** An account of which nothing is missing, and in which nothing went another way than to the end. */
export const allFinished = { lost: [], invented: [], dead: 0, discarded: 0, waiting: 0 } as const

export function accountText({ sent, finished, dead, discarded, waiting }: ClosedAccount): string {
  return `${sent} sent = ${finished} finished + ${dead} dead + ${discarded} dropped + ${waiting} waiting`
}

/** Looks at which nothing must have moved. */
const stillLooks = 5

/** When every number is accounted for and nothing moves any more. Rejects with what is missing when that takes too long. */
export async function closeAccount(rig: OperatorRig, load: ClusterLoad, timeoutMs = 240_000): Promise<ClosedAccount> {
  let still = 0
  let before = ''
  return vi.waitFor(
    async () => {
      const account = await accountNow(rig, load)
      const seen = JSON.stringify([account, (await effectsIn(load.effects)).length])
      still = seen === before && account.lost.length === 0 && account.waiting === 0 ? still + 1 : 0
      before = seen
      if (still < stillLooks) throw new Error(`messages go on moving: ${seen.slice(0, 2_000)}`)
      return account
    },
    { timeout: timeoutMs, interval: 300 },
  )
}

async function accountNow(rig: OperatorRig, { sender, effects, store, broker }: ClusterLoad): Promise<ClosedAccount> {
  const sent = sender.sent()
  const account = await accountFor(sent, { effects, deadLetters: store.deadLetters })
  let discarded = 0
  for await (const _ of store.deadLetters.scan({ state: 'dropped' })) discarded += 1
  const queues = [...(await rig.queues()), deadQueue, unroutedQueue]
  const depths = await Promise.all(queues.map((queue) => broker.depth(queue)))
  return { ...account, sent, discarded, waiting: depths.reduce((sum, depth) => sum + (depth?.ready ?? 0), 0) }
}
