import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import type { BudgetInUse } from '../../../crds/v1alpha1/credential.ts'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import type { FaultRig } from '../../rig/faults/fault-rig.ts'
import { openFaultRig } from '../../rig/faults/fault-rig.ts'

const budget: BudgetInUse = { app: 'crm', requests: 10, perSeconds: 1, burst: 2 }
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

  async function open(): Promise<{ readonly times: string; readonly runnerOf: (step: string) => Promise<Runner> }> {
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
    closers.unshift(rig.close)
    const runnerOf = async (step: string): Promise<Runner> => {
      const plan = await rig.plans.refresh('orders-uid')
      const pool = plan?.stages.find(({ name }) => name === step)?.pool ?? ''
      return rig.startRunner({ WEIR_CREDENTIALS: directory, WEIR_POOLS: `core,${pool}` })
    }
    return { times, runnerOf }
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
})

/** When calls were made, in milliseconds since 1970, in their order. */
async function timesIn(file: string): Promise<number[]> {
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map(Number)
    .toSorted((left, right) => left - right)
}
