import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import { accountAtRest, progress, underLoad } from '../../rig/faults/at-rest.ts'
import { openFaultRig } from '../../rig/faults/fault-rig.ts'

const manifests = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
    - {name: first, component: relay, function: pass, concurrencyPerProcess: 50}
    - name: once
      component: relay
      function: effect
      concurrencyPerProcess: 50
      config: {file: EFFECTS}
      deduplicate: {windowSeconds: 3600, key: data.n, onUnknown: deadLetter}
      timeoutSeconds: 3
`

describeOnServers('a step that deduplicates', ({ rabbit, mongo }) => {
  let closers: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  it(
    'has each effect once at most over kills of its runner; what nobody knows is a dead letter',
    { timeout: 300_000 },
    async () => {
      const vhost = await freshVhost(rabbit)
      const database = freshDatabase(mongo)
      const rig = await openFaultRig({ amqpUrl: vhost.amqpUrl, mongoUrl: database.url, manifests })
      closers = [rig.close, vhost.close, database.close]
      await rig.startRecorder()
      let runner = await rig.startRunner()
      const kills = 6
      await underLoad(rig, async () => {
        for (let kill = 1; kill <= kills; kill += 1) {
          await progress(rig, 100)
          await pause(Math.random() * 300)
          await runner.kill()
          runner = await rig.startRunner()
        }
        await progress(rig, 100)
      })
      const account = await accountAtRest(rig)
      expect(account).toMatchObject({ lost: [], invented: [], duplicates: 0 })
      expect(account.finished + account.dead).toBe(rig.sender.sent())
      // Of unknown outcome are those that were under way, whether they had their effect or not.
      const { OutcomeUnknown: unknown = 0, ...others } = account.codes
      expect(others).toEqual({})
      expect(account.dead).toBeLessThanOrEqual(unknown)
      expect(unknown).toBeLessThanOrEqual(kills * 200)
    },
  )
})
