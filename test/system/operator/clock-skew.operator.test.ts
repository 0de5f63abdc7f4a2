import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { leases, type Lease } from '../../../kube/election/lease.ts'
import { pathOf } from '../../../kube/kube-object.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { describeOnAll } from '../../env/operator-tests.ts'
import { progress } from '../../rig/faults/at-rest.ts'
import {
  applyRelay,
  closeAccount,
  openClusterLoad,
  openEffects,
  relayFlow,
  underSteadyLoad,
} from '../../rig/operator/cluster-load.ts'
import { startOperatorProcess, type OperatorUnderTest } from '../../rig/operator/operator-under-test.ts'
import { openOperatorRig, stateOf, type OperatorRig } from '../../rig/operator/operator-rig.ts'

const waiting = { timeout: 240_000, interval: 200 }
const hourMs = 3_600_000
const preload = new URL('../../rig/faults/shifted-clock.ts', import.meta.url)

describeOnAll('Two operators, one an hour ahead and one an hour behind', (places) => {
  let opened: AsyncDisposableStack
  let rig: OperatorRig
  let directory: string
  beforeEach(async () => {
    opened = new AsyncDisposableStack()
    directory = await mkdtemp(join(tmpdir(), 'weir-skew-'))
    opened.defer(() => rm(directory, { recursive: true, force: true }))
    rig = await openOperatorRig(places, { patienceMs: 240_000 })
    opened.defer(rig.close)
  })
  afterEach(() => opened.disposeAsync())

  it('never lead both, and each goes on where the other was killed', { timeout: 900_000 }, async () => {
    const { file, close } = await openEffects()
    opened.defer(close)
    await applyRelay(rig)
    let leader = await start('ahead', hourMs)
    await rig.applyFlow('orders', relayFlow(file, ['first', 'last']))
    await rig.ready('orders')
    await ledBy('ahead')
    let other = await start('behind', -hourMs)
    const load = await openClusterLoad(rig, places, { effects: file })
    opened.defer(load.close)
    await load.start('recorder')
    await load.start('runner')
    await underSteadyLoad(load, async () => {
      for (const [round, next] of (['behind', 'ahead'] as const).entries()) {
        await progress(load, 100)
        await rig.applyFlow('orders', relayFlow(file, ['first', `before-${round}`, 'last']))
        // Two who lead would change the holder with each renewal; it is the same for longer than the lease.
        const { spec } = await lease()
        const renewals = new Set<string>()
        await vi.waitFor(async () => {
          const now = await lease()
          expect(now.spec?.holderIdentity).toBe(spec?.holderIdentity)
          renewals.add(now.spec?.renewTime ?? '')
          if (renewals.size < 10) throw new Error('not long enough')
        }, waiting)
        await rig.applyFlow('orders', relayFlow(file, ['first', `now-${round}`, 'last']))
        await leader.kill()
        await rig.applyFlow('orders', relayFlow(file, ['first', `after-${round}`, 'last']))
        await ledBy(next)
        await rig.ready('orders')
        // What retires began to do so by the other clock.
        await vi.waitFor(async () => expect(stateOf(await rig.flow('orders'))?.retiring).toEqual([]), waiting)
        leader = other
        other = await start(round === 0 ? 'ahead' : 'behind', round === 0 ? hourMs : -hourMs)
      }
    })
    const account = await closeAccount(rig, load)
    console.log(
      `${account.sent} sent = ${account.finished} finished + ${account.dead} dead + ${account.discarded} dropped + ${account.waiting} waiting`,
    )
    expect(account).toMatchObject({ lost: [], invented: [], dead: 0, discarded: 0, waiting: 0 })
    expect(account.finished).toBe(account.sent)
    // Its end is asked for by the clock that is ahead, and comes by the one that is behind.
    await load.close()
    await rig.remove('orders')
    await vi.waitFor(async () => expect(stateOf(await rig.flow('orders'))?.deletion).toBeDefined(), waiting)
    await leader.kill()
    await ledBy('behind')
    await vi.waitFor(async () => expect(await rig.flow('orders')).toBeUndefined(), waiting)
    expect(await rig.queues()).toEqual([])
  })

  async function start(identity: string, aheadMs: number): Promise<OperatorUnderTest> {
    const clock = join(directory, identity)
    await writeFile(clock, String(aheadMs))
    const operator = startOperatorProcess(places, {
      WEIR_NAMESPACE: rig.namespace,
      WEIR_LEASE_NAMESPACE: rig.namespace,
      WEIR_IDENTITY: identity,
      WEIR_CLOCK_FILE: clock,
      NODE_OPTIONS: `--import=${preload.href}`,
    })
    opened.defer(operator.kill)
    await operator.url()
    return operator
  }

  async function ledBy(identity: string): Promise<void> {
    await vi.waitFor(async () => expect((await lease()).spec?.holderIdentity).toBe(identity), waiting)
  }

  async function lease(): Promise<Lease> {
    const path = pathOf(leases, { namespace: rig.namespace, name: 'weir-operator' })
    return orThrow(await rig.client.request<Lease>({ method: 'GET', path }))
  }
})
