import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { describeOnAll } from '../../env/operator-tests.ts'
import {
  accountText,
  allFinished,
  closeAccount,
  openRelayLoad,
  underSteadyLoad,
  type RelayLoad,
} from '../../rig/operator/cluster-load.ts'
import { startOperatorProcess, type OperatorUnderTest } from '../../rig/operator/operator-under-test.ts'
import { openOperatorRig, stateOf, type OperatorRig } from '../../rig/operator/operator-rig.ts'
import { randomOf, type Random } from '../../rig/random.ts'

const edits = 200

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
    const operators = startImmortal()
    const load = await openRelayLoad(rig, places)
    opened.defer(load.close)
    await underSteadyLoad(load, () => operators.killDuring(random, () => editAgain(load, random)))
    const flow = await rig.ready('orders', 'RevisionActive')
    const account = await closeAccount(rig, load)
    console.log(
      `seed ${seed}: ${edits} edits, ${stateOf(flow)?.active} revisions, ${operators.deaths()} deaths of the operator, ${accountText(account)}`,
    )
    expect(account).toMatchObject(allFinished)
    expect(account.finished).toBe(account.sent)
    expect(stateOf(flow)?.lastRevision).toBeGreaterThan(10)
    expect(operators.deaths()).toBeGreaterThan(0)
    expect(load.runner.isAlive()).toBe(true)
  })

  /** Each means something else than the one before. Most follow before the last is active: that takes three seconds for the sake of its queues. */
  async function editAgain(load: RelayLoad, random: Random): Promise<void> {
    for (let edit = 1; edit <= edits; edit += 1) {
      await load.edit(`extra-${edit % 5}`)
      if (random.chance(0.12)) await rig.ready('orders')
      else await pause(random.between(0, 800))
    }
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
