import { afterEach, beforeEach, expect, it } from 'vitest'
import { openKubeApi, type KubeApiServer } from '../../env/kube-api.ts'
import { describeOnOwnKubeApi } from '../../env/kube-tests.ts'
import { describeOnServers } from '../../env/servers.ts'
import { progress } from '../../rig/faults/at-rest.ts'
import {
  applyRelay,
  closeAccount,
  openClusterLoad,
  openEffects,
  relayFlow,
  underSteadyLoad,
} from '../../rig/operator/cluster-load.ts'
import { startOperatorProcess } from '../../rig/operator/operator-under-test.ts'
import { openOperatorRig, stateOf, type OperatorRig } from '../../rig/operator/operator-rig.ts'

await describeOnOwnKubeApi('A cluster whose API server is restarted', () => {
  describeOnServers('under load', ({ rabbit, mongo }) => {
    let opened: AsyncDisposableStack
    let kubeApi: KubeApiServer
    let rig: OperatorRig
    beforeEach(async () => {
      opened = new AsyncDisposableStack()
      kubeApi = await openKubeApi()
      opened.defer(kubeApi.close)
      rig = await openOperatorRig({ kubeApi, rabbit, mongo }, { patienceMs: 240_000 })
      opened.defer(rig.close)
    })
    afterEach(() => opened.disposeAsync())

    it('goes on moving messages, takes the next edit, and loses nothing', { timeout: 900_000 }, async () => {
      const places = { kubeApi, rabbit, mongo }
      const { file, close } = await openEffects()
      opened.defer(close)
      await applyRelay(rig)
      const operator = startOperatorProcess(places, {
        WEIR_NAMESPACE: rig.namespace,
        WEIR_LEASE_NAMESPACE: rig.namespace,
      })
      opened.defer(operator.kill)
      await rig.applyFlow('orders', relayFlow(file, ['first', 'last']))
      await rig.ready('orders')
      const load = await openClusterLoad(rig, places, { effects: file })
      opened.defer(load.close)
      await load.start('recorder')
      const runner = await load.start('runner')
      const ways = [kubeApi.stop, kubeApi.kill, kubeApi.etcd.kill, kubeApi.kill]
      await underSteadyLoad(load, async () => {
        for (const [at, end] of ways.entries()) {
          await progress(load, 100)
          await rig.applyFlow('orders', relayFlow(file, ['first', `extra-${at}`, 'last']))
          // In the middle of the change; every second time after it.
          if (at % 2 === 1) await rig.ready('orders')
          await end()
          await progress(load, 200)
          await kubeApi.etcd.start()
          await kubeApi.start()
          expect(stateOf(await rig.ready('orders'))?.active).toBe(at + 2)
        }
      })
      const account = await closeAccount(rig, load)
      console.log(
        `${account.sent} sent = ${account.finished} finished + ${account.dead} dead + ${account.discarded} dropped + ${account.waiting} waiting`,
      )
      expect(account).toMatchObject({ lost: [], invented: [], dead: 0, discarded: 0, waiting: 0 })
      expect(account.finished).toBe(account.sent)
      expect(runner.isAlive()).toBe(true)
      expect(await operator.end()).toBe(0)
    })
  })
})
