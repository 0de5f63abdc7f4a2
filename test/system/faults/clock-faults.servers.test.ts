import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import { accountAtRest, progress, underLoad } from '../../rig/faults/at-rest.ts'
import { openFaultRig } from '../../rig/faults/fault-rig.ts'

/** Retries, waits, and claims of keys, each of them with times in them. */
const manifests = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
    - {name: first, component: relay, function: pass, concurrencyPerProcess: 50}
    - name: falter
      component: relay
      function: falter
      concurrencyPerProcess: 50
      config: {share: 0.1}
      onError: {retry: {maxAttempts: 12, initialDelaySeconds: 0.2, maxDelaySeconds: 1}}
    - {name: pause, wait: {seconds: 2}}
    - name: once
      component: relay
      function: effect
      concurrencyPerProcess: 50
      config: {file: EFFECTS}
      deduplicate: {windowSeconds: 86400, key: data.n, onUnknown: deadLetter}
`
const hourMs = 3_600_000
const preload = new URL('../../rig/faults/shifted-clock.ts', import.meta.url)

describeOnServers('messages of a runner', ({ rabbit, mongo }) => {
  let closers: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  it('outlast a clock that jumps by an hour, ahead and back', { timeout: 300_000 }, async () => {
    const vhost = await freshVhost(rabbit)
    const database = freshDatabase(mongo)
    const rig = await openFaultRig({ amqpUrl: vhost.amqpUrl, mongoUrl: database.url, manifests })
    closers = [rig.close, vhost.close, database.close]
    const file = join(rig.directory, 'clock')
    const setClock = (aheadMs: number): Promise<void> => writeFile(file, String(aheadMs))
    await setClock(0)
    const wrong = { WEIR_CLOCK_FILE: file, NODE_OPTIONS: `--import=${preload.href}` }
    await rig.startRecorder(wrong)
    const runner = await rig.startRunner(wrong)
    await underLoad(rig, async () => {
      await progress(rig, 200)
      for (const aheadMs of [hourMs, 0, -hourMs]) {
        await setClock(aheadMs)
        // Those that wait from now on; what waits already may wait for as long as the clock is behind.
        await progress(rig, 200)
      }
      await setClock(0)
      await progress(rig, 200)
    })
    // What began to wait by a clock that was ahead is parked until it is that late.
    await setClock(hourMs)
    const account = await accountAtRest(rig)
    expect(account).toMatchObject({ lost: [], invented: [], dead: 0, duplicates: 0 })
    expect(runner.isAlive()).toBe(true)
  })
})
