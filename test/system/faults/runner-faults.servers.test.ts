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
})
