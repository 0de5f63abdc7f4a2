import { afterEach, expect, it } from 'vitest'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import type { FaultRig } from '../../rig/faults/fault-rig.ts'
import { openFaultRig } from '../../rig/faults/fault-rig.ts'

const manifests = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
    - {name: first, component: relay, function: pass, concurrencyPerProcess: 50}
    - {name: second, component: relay, function: pass, concurrencyPerProcess: 50}
    - {name: last, component: relay, function: effect, concurrencyPerProcess: 50, config: {file: EFFECTS}}
`

describeOnServers('a runner', ({ rabbit, mongo }) => {
  let rig: FaultRig
  let closers: (() => Promise<void>)[] = []

  const open = async (): Promise<void> => {
    const vhost = await freshVhost(rabbit)
    const database = freshDatabase(mongo)
    rig = await openFaultRig({ amqpUrl: vhost.amqpUrl, mongoUrl: database.url, manifests })
    closers = [rig.close, vhost.close, database.close]
  }
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  it('finishes everything when nothing happens to it', async () => {
    await open()
    await rig.startRecorder()
    await rig.startRunner()
    await rig.sender.send(1000)
    const account = await rig.untilAccounted()
    expect(account).toMatchObject({ finished: 1000, dead: 0, duplicates: 0, invented: [] })
  })

  it('is killed 20 times in 50,000 messages: none is lost, and few are doubled', { timeout: 400_000 }, async () => {
    await open()
    await rig.startRecorder()
    let runner = await rig.startRunner()
    let kills = 0
    const sending = rig.sender.send(50_000, { atOnce: 500 })
    while (kills < 20) {
      await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 1000))
      await runner.kill()
      kills += 1
      runner = await rig.startRunner()
    }
    await sending
    const account = await rig.untilAccounted(200_000)
    // Each kill finds at most the read-ahead of three steps under way.
    expect(account.duplicates).toBeLessThanOrEqual(kills * 3 * 200 + rig.sender.repeated())
    expect(account).toMatchObject({ dead: 0, invented: [] })
    process.stdout.write(`duplicates ${account.duplicates}\n`)
  })
})
