import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Plan } from '../../../flow/plan/plan.ts'
import type { KubeClient } from '../../../kube/transport/kube-client.ts'
import { openFlowChanges, type FlowChanges } from '../../../operator/change/flow-changes.ts'
import { openAmqpBroker } from '../../../runtime/broker/amqp/open-amqp-broker.ts'
import type { Broker } from '../../../runtime/broker/broker.ts'
import { systemClock } from '../../../runtime/clock.ts'
import {
  openKubernetesPlanSource,
  type KubernetesPlanSource,
} from '../../../runtime/plans/kubernetes/kubernetes-plan-source.ts'
import { planSourceRules } from '../../../runtime/plans/kubernetes/rules.ts'
import { openPlanDirectory } from '../../../runtime/plans/plan-directory.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import type { Store } from '../../../runtime/store/store.ts'
import { freePorts } from '../../env/free-ports.ts'
import { freshNamespace, openAdministrator } from '../../env/kube-tests.ts'
import { describeOnAll } from '../../env/operator-tests.ts'
import { freshDatabase, freshVhost } from '../../env/servers.ts'
import { applyCrds } from '../../env/weir-crds.ts'
import { openClusterFlows, type ClusterFlows } from '../../rig/cluster-flows.ts'
import { accountFor } from '../../rig/faults/account.ts'
import { compileManifests } from '../../rig/faults/compile-manifests.ts'
import { startProgram, type ProcessUnderTest } from '../../rig/faults/process-under-test.ts'
import { openSender } from '../../rig/faults/sender.ts'
import { openPodAccount } from '../../rig/pod-account.ts'

const relay = fileURLToPath(new URL('../../fixtures/components/relay', import.meta.url))
const log = pino({ enabled: false })
const clock = systemClock
const waiting = { timeout: 100_000, interval: 100 }

describeOnAll('a runner that takes its plans from the cluster', ({ kubeApi, rabbit, mongo }) => {
  let opened: AsyncDisposableStack
  let administrator: KubeClient
  let flows: ClusterFlows
  let namespace: string
  let broker: Broker
  let store: Store
  let changes: FlowChanges
  let plans: KubernetesPlanSource
  let environment: Readonly<Record<string, string>>
  let directory: string
  let effects: string
  beforeEach(async () => {
    opened = new AsyncDisposableStack()
    administrator = await openAdministrator(kubeApi)
    opened.defer(administrator.close)
    await applyCrds(administrator)
    const fresh = await freshNamespace(administrator)
    namespace = fresh.namespace
    opened.defer(fresh.close)
    directory = await mkdtemp(join(tmpdir(), 'weir-cluster-'))
    opened.defer(() => rm(directory, { recursive: true, force: true }))
    effects = join(directory, 'effects')
    await writeFile(effects, '')
    const vhost = await freshVhost(rabbit)
    opened.defer(vhost.close)
    const database = freshDatabase(mongo)
    opened.defer(database.close)
    flows = await openClusterFlows({ client: administrator, namespace })
    opened.defer(flows.close)
    store = await openMongoStore({ url: database.url, log })
    opened.defer(store.close)
    broker = await openAmqpBroker({ url: vhost.amqpUrl, connectionName: 'weir-test', log, clock })
    opened.defer(broker.close)
    plans = await openKubernetesPlanSource({ client: administrator, namespace, clock, log })
    opened.defer(plans.close)
    const account = await openPodAccount(administrator, kubeApi, { namespace, rules: planSourceRules })
    opened.defer(account.close)
    changes = await openFlowChanges({ broker, store: { ...store, ...flows.lead() }, clock, log })
    opened.defer(changes.close)
    environment = {
      WEIR_BROKER_URL: vhost.amqpUrl,
      WEIR_STORE_URL: database.url,
      WEIR_COMPONENTS: `Component/relay=${relay}`,
      WEIR_PLANS: 'kubernetes',
      ...account.environment,
    }
  })
  afterEach(() => opened.disposeAsync())

  async function start(
    program: 'runner' | 'recorder',
    own: Readonly<Record<string, string>> = {},
  ): Promise<ProcessUnderTest> {
    const started = await startProgram(program, { ...environment, ...own })
    opened.defer(started.kill)
    return started
  }

  /** As the compiler gives it, for a Flow that is there. */
  async function planOf(name: string, uid: string, steps: readonly string[]): Promise<Plan> {
    const listed = steps.map((step, at) => {
      const isLast = at === steps.length - 1
      const called = isLast ? `function: effect, config: {file: ${effects}}` : 'function: pass'
      return `    - {name: ${step}, component: relay, ${called}, concurrencyPerProcess: 50}\n`
    })
    const manifest = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: ${name}, namespace: ${namespace}, uid: ${uid}}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
${listed.join('')}`
    const [plan] = await compileManifests(manifest, { relay })
    return plan as Plan
  }

  it('follows every edit under load, and loses nothing', { timeout: 300_000 }, async () => {
    const uid = String((await flows.create('orders')).metadata.uid)
    await changes.apply(await planOf('orders', uid, ['first', 'last']))
    await start('recorder')
    const runner = await start('runner', { WEIR_POOLS: 'Component/relay' })
    await vi.waitFor(() => expect(plans.active(uid)?.revision).toBe(1), waiting)
    const sender = openSender({ broker, plans })
    const sending = sender.send(6_000, { atOnce: 100, pauseMs: 60 })
    const ended = new AbortController()
    void sending.finally(() => ended.abort())
    let edits = 0
    do {
      edits += 1
      await changes.apply(await planOf('orders', uid, ['first', `extra-${edits % 3}`, 'last']))
      await vi.waitFor(async () => {
        const { state } = (await flows.read('orders'))['status'] as { state: { pending?: unknown } }
        expect(state.pending).toBeUndefined()
      }, waiting)
    } while (!ended.signal.aborted || edits < 5)
    await sending
    const account = () => accountFor(sender.sent(), { effects, deadLetters: store.deadLetters })
    await vi.waitFor(async () => expect((await account()).lost).toEqual([]), waiting)
    expect(await account()).toMatchObject({ finished: 6_000, dead: 0, invented: [] })
    await vi.waitFor(() => expect(plans.active(uid)?.revision).toBe(edits + 1), waiting)
    expect(runner.isAlive()).toBe(true)
  })

  it('takes no more than 15 MB for it', async () => {
    const written = await openPlanDirectory(join(directory, 'plans'), { ...store, ...flows.lead() })
    const steps = Array.from({ length: 10 }, (_, at) => `step-${at}`)
    for (let at = 0; at < 20; at += 1) {
      const uid = String((await flows.create(`flow-${at}`)).metadata.uid)
      await changes.apply(await planOf(`flow-${at}`, uid, steps))
    }
    await vi.waitFor(() => expect(plans.flows().length).toBe(20), waiting)
    await written.writeAll()
    const from = { directory: join(directory, 'plans'), cluster: 'kubernetes' }
    const megabytes: Record<keyof typeof from, number[]> = { directory: [], cluster: [] }
    // In turns, and the least of several.
    for (const name of ['directory', 'cluster', 'directory', 'cluster', 'directory', 'cluster'] as const) {
      const [port = 0] = await freePorts(1)
      const runner = await start('runner', { WEIR_PLANS: from[name], NODE_OPTIONS: `--inspect-port=127.0.0.1:${port}` })
      megabytes[name].push(await megabytesWithoutGarbage(runner, port))
      await runner.kill()
    }
    const grown = Math.min(...megabytes.cluster) - Math.min(...megabytes.directory)
    const seen = `${megabytes.directory.join(', ')} MB by files, ${megabytes.cluster.join(', ')} MB by the cluster`
    console.log(`a runner of 20 flows: ${seen}`)
    expect(grown, seen).toBeLessThanOrEqual(15)
  })
})

/** Resident and its own: pages of files come and go with what else the machine does, and garbage with when V8 looks for it. */
async function megabytesWithoutGarbage({ pid }: ProcessUnderTest, inspectorPort: number): Promise<number> {
  process.kill(pid, 'SIGUSR1')
  const targets = await vi.waitFor(async () => {
    const answer = await fetch(`http://127.0.0.1:${inspectorPort}/json/list`)
    return (await answer.json()) as readonly { readonly webSocketDebuggerUrl: string }[]
  }, waiting)
  const inspector = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? '')
  await once(inspector, 'open')
  for (let id = 1; id <= 3; id += 1) {
    const answered = once(inspector, 'message')
    inspector.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }))
    await answered
  }
  inspector.close()
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 102.4) / 10
}
