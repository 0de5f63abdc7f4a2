import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openKubeApi, type KubeApiServer } from '../../env/kube-api.ts'
import { describeOnOwnKubeApi } from '../../env/kube-tests.ts'
import { describeOnServers } from '../../env/servers.ts'
import { progress } from '../../rig/faults/at-rest.ts'
import {
  accountText,
  allFinished,
  closeAccount,
  openRelayLoad,
  underSteadyLoad,
  type ClusterLoad,
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
      const operator = startOperatorProcess(places, {
        WEIR_NAMESPACE: rig.namespace,
        WEIR_LEASE_NAMESPACE: rig.namespace,
      })
      opened.defer(operator.kill)
      const load = await openRelayLoad(rig, places)
      opened.defer(load.close)
      const ways = [kubeApi.stop, kubeApi.kill, kubeApi.etcd.kill, kubeApi.kill]
      await underSteadyLoad(load, async () => {
        for (const [at, end] of ways.entries()) {
          await progress(load, 100)
          await load.edit(`extra-${at}`)
          // In the middle of the change; every second time after it.
          const isChanged = at % 2 === 1
          if (isChanged) await rig.ready('orders')
          await end()
          // Of a change that the sender has heard of and the runner has not, messages wait until that can read the plan.
          await (isChanged ? progress(load, 200) : sent(load, 200))
          await kubeApi.etcd.start()
          await kubeApi.start()
          expect(stateOf(await rig.ready('orders'))?.active).toBe(at + 2)
          await progress(load, 200)
        }
      })
      const account = await closeAccount(rig, load)
      console.log(accountText(account))
      expect(account).toMatchObject(allFinished)
      expect(account.finished).toBe(account.sent)
      expect(load.runner.isAlive()).toBe(true)
      expect(await operator.end()).toBe(0)
    })
  })
})

/** Resolves when so many more are on their way. */
async function sent({ sender }: ClusterLoad, count: number): Promise<void> {
  const before = sender.sent()
  await vi.waitUntil(() => sender.sent() >= before + count, { timeout: 120_000 })
}
