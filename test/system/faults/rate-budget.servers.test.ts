import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import type { BudgetInUse } from '../../../crds/v1alpha1/credential.ts'
import type { Plan } from '../../../flow/plan/plan.ts'
import type { Cutter } from '../../env/cutter.ts'
import { openCutter } from '../../env/cutter.ts'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import type { FaultRig } from '../../rig/faults/fault-rig.ts'
import { openFaultRig } from '../../rig/faults/fault-rig.ts'

const budget: BudgetInUse = { app: 'crm', requests: 10, perSeconds: 1, burst: 2 }
interface World {
  /** File of the times of calls. */
  readonly times: string
  /** Serves just that step. */
  readonly runnerOf: (step: string) => Promise<Runner>
  readonly toStore: Cutter
}

type Runner = Awaited<ReturnType<FaultRig['startRunner']>>

/** Permits are taken for so long in advance. */
const aheadMs = 100

/** Two steps of one App, each in a pool of its own. A second attempt would be one too many. */
const manifests = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
    - {name: call, component: relay, function: effect, credential: crm, concurrencyPerProcess: 50, onError: {retry: {maxAttempts: 1}}, config: {file: /dev/null, times: TIMES}}
    - {name: last, component: relay, function: effect, credential: crm, dedicated: {}, concurrencyPerProcess: 50, onError: {retry: {maxAttempts: 1}}, config: {file: EFFECTS, times: TIMES}}
`

describeOnServers('a rate budget', ({ rabbit, mongo }) => {
  let rig: FaultRig
  let closers: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  async function open(): Promise<World> {
    const vhost = await freshVhost(rabbit)
    const database = freshDatabase(mongo)
    closers = [vhost.close, database.close]
    const directory = await mkdtemp(join(tmpdir(), 'weir-budget-'))
    closers.push(() => rm(directory, { recursive: true }))
    const times = join(directory, 'times')
    await writeFile(times, '')
    await mkdir(join(directory, 'default'))
    const credential = { type: 'mixed', fields: { token: 't' }, rateBudget: budget }
    await writeFile(join(directory, 'default', 'crm.json'), JSON.stringify(credential))
    const flow = manifests.replaceAll('TIMES', times)
    rig = await openFaultRig({ amqpUrl: vhost.amqpUrl, mongoUrl: database.url, manifests: flow })
    // The runners alone go by it.
    const toStore = await openCutter(database.url)
    closers.unshift(rig.close, toStore.close)
    const runnerOf = async (step: string): Promise<Runner> => {
      // Active a moment after it was applied.
      const pool = await vi.waitFor(async () => poolOf(await rig.plans.refresh('orders-uid'), step), {
        timeout: 60_000,
      })
      return rig.startRunner({ WEIR_CREDENTIALS: directory, WEIR_STORE_URL: toStore.url, WEIR_POOLS: `core,${pool}` })
    }
    return { times, runnerOf, toStore }
  }

  it(
    'is kept by two runners together, one of which is killed; nothing is lost and no attempt is spent',
    { timeout: 400_000 },
    async () => {
      const { times, runnerOf } = await open()
      await rig.startRecorder()
      await runnerOf('call')
      let second = await runnerOf('last')
      const from = Date.now()
      await rig.sender.send(100)
      await vi.waitFor(async () => expect((await timesIn(times)).length).toBeGreaterThan(60), { timeout: 120_000 })
      await second.kill()
      second = await runnerOf('last')
      const account = await rig.untilAccounted(180_000)
      expect(account).toMatchObject({ finished: 100, dead: 0, invented: [] })
      const calls = await timesIn(times)
      expect(calls.length).toBeGreaterThanOrEqual(200)
      const perMs = budget.requests / (budget.perSeconds * 1000)
      calls.forEach((at, nth) => expect(nth + 1).toBeLessThanOrEqual(budget.burst + (at - from + aheadMs) * perMs))
    },
  )

  it(
    'lets nothing through while the store is silent, says so, and loses nothing by it',
    { timeout: 500_000 },
    async () => {
      const { times, runnerOf, toStore } = await open()
      await rig.startRecorder()
      const runner = await runnerOf('call')
      await runnerOf('last')
      await rig.sender.send(60)
      await vi.waitFor(async () => expect((await timesIn(times)).length).toBeGreaterThan(10), { timeout: 120_000 })
      toStore.refuse()
      // It is tried for half a minute before it is said to be silent: what had a permit has been called by then.
      await vi.waitFor(async () => expect(await silences(runner)).toBeGreaterThan(0), {
        timeout: 120_000,
        interval: 500,
      })
      const called = (await timesIn(times)).length
      expect(called).toBeLessThan(120)
      await vi.waitFor(async () => expect(await silences(runner)).toBeGreaterThan(1), {
        timeout: 120_000,
        interval: 500,
      })
      expect(await timesIn(times)).toHaveLength(called)
      toStore.accept()
      const account = await rig.untilAccounted(180_000)
      expect(account).toMatchObject({ finished: 60, dead: 0, invented: [] })
    },
  )
})

function poolOf(plan: Plan | undefined, step: string): string {
  const stage = plan?.stages.find(({ name }) => name === step)
  if (stage === undefined) throw new Error('the flow is not active')
  return stage.pool
}

/** How often the runner has found the store silent about the budget. */
async function silences({ port }: Runner): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Number(/^weir_rate_budget_unknown_total\{.*app="crm".*\} (\d+)$/m.exec(text)?.[1] ?? 0)
}

/** When calls were made, in milliseconds since 1970, in their order. */
async function timesIn(file: string): Promise<number[]> {
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map(Number)
    .toSorted((left, right) => left - right)
}
