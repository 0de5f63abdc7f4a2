import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { describeOnAll } from '../../env/operator-tests.ts'
import {
  applyRelay,
  closeAccount,
  openClusterLoad,
  openEffects,
  relayFlow,
  underSteadyLoad,
  type ClusterLoad,
} from '../../rig/operator/cluster-load.ts'
import { startOperatorProcess, type OperatorUnderTest } from '../../rig/operator/operator-under-test.ts'
import { openOperatorRig, stateOf, type OperatorRig } from '../../rig/operator/operator-rig.ts'
import { randomOf, type Random } from '../../rig/random.ts'

/** As many as there is time for. */
const mostEdits = 200
const leastEdits = 30
const editForMs = 240_000

describeOnAll('A flow that is edited under load while its operator dies', (places) => {
  let opened: AsyncDisposableStack
  let rig: OperatorRig
  beforeEach(async () => {
    opened = new AsyncDisposableStack()
    rig = await openOperatorRig(places, { patienceMs: 240_000 })
    opened.defer(rig.close)
  })
  afterEach(() => opened.disposeAsync())

  it('loses no message, whenever that is', { timeout: 900_000 }, async () => {
    const seed = 20_260_101
    const random = randomOf(seed)
    const { file, close } = await openEffects()
    opened.defer(close)
    await applyRelay(rig)
    const operators = startImmortal()
    await rig.applyFlow('orders', relayFlow(file, ['first', 'last']))
    await rig.ready('orders')
    const load = await openClusterLoad(rig, places, { effects: file })
    opened.defer(load.close)
    await load.start('recorder')
    const runner = await load.start('runner')
    const edits = await underSteadyLoad(load, () => operators.killDuring(random, () => editAgain(load, random)))
    const flow = await rig.ready('orders', 'RevisionActive')
    const account = await closeAccount(rig, load)
    console.log(
      `seed ${seed}: ${edits} edits, ${stateOf(flow)?.active} revisions, ${operators.deaths()} deaths of the operator, ` +
        `${account.sent} sent = ${account.finished} finished + ${account.dead} dead + ${account.discarded} dropped + ${account.waiting} waiting`,
    )
    expect(account).toMatchObject({ lost: [], invented: [], dead: 0, discarded: 0, waiting: 0 })
    expect(account.finished).toBe(account.sent)
    expect(edits).toBeGreaterThanOrEqual(leastEdits)
    expect(operators.deaths()).toBeGreaterThan(0)
    expect(runner.isAlive()).toBe(true)
  })

  /** Until there are enough or the time is over; each means something else than the one before. Some follow at once, before the last is active. */
  async function editAgain({ effects }: ClusterLoad, random: Random): Promise<number> {
    const until = Date.now() + editForMs
    let edits = 0
    while (edits < mostEdits && (Date.now() < until || edits < leastEdits)) {
      edits += 1
      await rig.applyFlow('orders', relayFlow(effects, ['first', `extra-${edits % 5}`, 'last']))
      if (random.chance(0.2)) await rig.ready('orders')
      else await pause(random.between(0, 1_500))
    }
    return edits
  }

  /** Operators of one name, one after the other, as a StatefulSet has them: the next one need not wait for the end of the lease. */
  function startImmortal() {
    let deaths = 0
    const start = (): OperatorUnderTest =>
      startOperatorProcess(places, {
        WEIR_NAMESPACE: rig.namespace,
        WEIR_LEASE_NAMESPACE: rig.namespace,
        WEIR_IDENTITY: 'operator-0',
      })
    let current = start()
    opened.defer(() => current.kill())
    return {
      deaths: () => deaths,
      /** At moments that nobody can foresee, of which some are in its start. */
      killDuring: async <Result>(random: Random, work: () => Promise<Result>): Promise<Result> => {
        const ended = new AbortController()
        const killing = (async () => {
          while (!ended.signal.aborted) {
            if (random.chance(0.7)) await Promise.race([current.url(), once(ended.signal, 'abort')])
            await pause(random.between(200, 12_000), undefined, { signal: ended.signal }).catch(() => {})
            if (ended.signal.aborted) return
            await current.kill()
            deaths += 1
            current = start()
          }
        })()
        try {
          return await work()
        } finally {
          ended.abort()
          await killing
        }
      },
    }
  }
})
