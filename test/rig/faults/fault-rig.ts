import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { expect, vi } from 'vitest'
import { compileManifests } from './compile-manifests.ts'
import type { Applied, FlowChanges } from '../../../operator/change/flow-changes.ts'
import { openFlowChanges } from '../../../operator/change/flow-changes.ts'
import type { ChangeWaits } from '../../../operator/decide/change-waits.ts'
import { leanLinks } from '../../../runtime/broker/amqp/lean/lean-links.ts'
import { openAmqpBroker } from '../../../runtime/broker/amqp/open-amqp-broker.ts'
import type { Broker } from '../../../runtime/broker/broker.ts'
import type { Clock } from '../../../runtime/clock.ts'
import { withClaimCheck } from '../../../runtime/claim-check/claim-check.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import type { StorePlanSource } from '../../../runtime/plans/store-plan-source.ts'
import { openStorePlanSource } from '../../../runtime/plans/store-plan-source.ts'
import type { Store } from '../../../runtime/store/store.ts'
import type { Account } from './account.ts'
import { accountFor } from './account.ts'
import type { ProcessUnderTest } from './process-under-test.ts'
import { startProgram } from './process-under-test.ts'
import type { Sender } from './sender.ts'
import { openSender } from './sender.ts'

/** A small installation on real servers: the operator's hand in this process, runners and recorders as processes of their own. */
export interface FaultRig {
  /** This process's own, by which it sends and looks. */
  readonly broker: Broker
  readonly store: Store
  readonly plans: StorePlanSource
  readonly changes: FlowChanges
  /** Of numbered messages, to the first flow's first trigger. */
  readonly sender: Sender
  /** Where `relay/effect` writes; `EFFECTS` in manifests stands for it. */
  readonly effects: string
  readonly directory: string
  /** Makes these the flows' manifests. */
  readonly apply: (manifests: string) => Promise<readonly Applied[]>
  readonly startRunner: (environment?: Readonly<Record<string, string>>) => Promise<ProcessUnderTest>
  readonly startRecorder: (environment?: Readonly<Record<string, string>>) => Promise<ProcessUnderTest>
  /** Resolves when every number that was sent has had its effect or is a dead letter; the assertion's error says what is missing. */
  readonly untilAccounted: (timeoutMs?: number) => Promise<Account>
  /** The last that each of its processes has logged, for what a failure is told with. */
  readonly said: () => string
  readonly close: () => Promise<void>
}

export interface FaultRigOptions {
  /** Leads into the vhost. */
  readonly amqpUrl: string
  /** Names the database. */
  readonly mongoUrl: string
  readonly manifests: string
  /** Of what this process uses itself, where the processes under test go by a proxy. */
  readonly direct?: { readonly amqpUrl?: string; readonly mongoUrl?: string }
  readonly waits?: Partial<ChangeWaits>
  /** Of the changes alone. */
  readonly changeClock?: Clock
}

const relay = fileURLToPath(new URL('../../fixtures/components/relay', import.meta.url))
const log = pino({ level: process.env['WEIR_TEST_LOG'] ?? 'silent' })
const clock = systemClock

export async function openFaultRig(options: FaultRigOptions): Promise<FaultRig> {
  const { amqpUrl, mongoUrl, direct = {} } = options
  const opened = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'weir-faults-'))
  opened.defer(() => rm(directory, { recursive: true, force: true }))
  const effects = join(directory, 'effects')
  await writeFile(effects, '')
  const store = await openMongoStore({ url: direct.mongoUrl ?? mongoUrl, log })
  opened.defer(store.close)
  const queues = await openAmqpBroker({
    url: direct.amqpUrl ?? amqpUrl,
    connectionName: 'weir-test',
    links: leanLinks(clock),
    log,
  })
  opened.defer(queues.close)
  const broker = withClaimCheck(queues, store, { clock, log })
  const plans = await openStorePlanSource({ store, clock, log, pollMs: 500 })
  opened.defer(plans.close)
  const changes = await openFlowChanges({
    broker,
    store,
    clock: options.changeClock ?? clock,
    log,
    waits: options.waits ?? {},
    onChange: (flow) => void plans.notify(flow),
  })
  opened.defer(changes.close)
  const started: ProcessUnderTest[] = []
  opened.defer(async () => {
    await Promise.all(started.map((each) => each.kill()))
  })
  const apply = async (manifests: string): Promise<readonly Applied[]> => {
    const compiled = await compileManifests(manifests.replaceAll('EFFECTS', effects), { relay })
    const applied: Applied[] = []
    for (const plan of compiled) applied.push(await changes.apply(plan))
    return applied
  }
  await apply(options.manifests)
  const sender = openSender({ broker, plans })
  const start = async (program: 'runner' | 'recorder', own: Readonly<Record<string, string>>) => {
    const environment = {
      WEIR_BROKER_URL: amqpUrl,
      WEIR_STORE_URL: mongoUrl,
      WEIR_COMPONENTS: `Component/relay=${relay}`,
    }
    const process = await startProgram(program, { ...environment, ...own })
    started.push(process)
    return process
  }
  const account = (): Promise<Account> => accountFor(sender.sent(), { effects, deadLetters: store.deadLetters })
  return {
    broker,
    store,
    plans,
    changes,
    sender,
    effects,
    directory,
    apply,
    startRunner: (environment = {}) => start('runner', environment),
    startRecorder: (environment = {}) => start('recorder', environment),
    untilAccounted: async (timeoutMs = 60_000) => {
      await vi.waitFor(async () => expect((await account()).lost.length).toBe(0), { timeout: timeoutMs, interval: 200 })
      return account()
    },
    said: () => started.map(lastWords).join('\n\n'),
    close: () => opened.disposeAsync(),
  }
}

function lastWords({ pid, isAlive, logged }: ProcessUnderTest): string {
  const records = logged()
    .slice(-15)
    .map((record) => JSON.stringify(record))
  return [`process ${pid}, which ${isAlive() ? 'lives' : 'has ended'}:`, ...records].join('\n')
}
