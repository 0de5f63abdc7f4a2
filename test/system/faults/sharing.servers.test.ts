import { afterEach, expect, it, vi } from 'vitest'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import type { FaultRig } from '../../rig/faults/fault-rig.ts'
import { openFaultRig } from '../../rig/faults/fault-rig.ts'

const steps = 6

/** One after the other, the last with the effect. */
const manifests = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
${Array.from({ length: steps - 1 }, (_, at) => `    - {name: s${at}, component: relay, function: pass, concurrencyPerProcess: 50}`).join('\n')}
    - {name: last, component: relay, function: effect, concurrencyPerProcess: 50, config: {file: EFFECTS}}
`

describeOnServers('three runners of the same pools', ({ rabbit, mongo }) => {
  let rig: FaultRig
  let closers: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })
  const open = async (): Promise<void> => {
    const vhost = await freshVhost(rabbit)
    const database = freshDatabase(mongo)
    rig = await openFaultRig({ amqpUrl: vhost.amqpUrl, mongoUrl: database.url, manifests })
    closers = [rig.close, vhost.close, database.close]
    await rig.startRecorder()
  }
  const consumers = async (): Promise<readonly number[]> => {
    const queues = rig.plans.living().map(({ stage }) => stage.queue)
    expect(queues).toHaveLength(steps)
    return Promise.all(queues.map(async (queue) => (await rig.broker.depth(queue))?.consumers ?? 0))
  }

  it(
    'share the queues; one is killed under load and another told to end, and nothing waits or is lost',
    { timeout: 300_000 },
    async () => {
      await open()
      const runners = [await rig.startRunner(), await rig.startRunner(), await rig.startRunner()]
      await rig.sender.send(50)
      expect(await rig.untilAccounted()).toMatchObject({ finished: 50, dead: 0, duplicates: 0 })
      const once = Array.from({ length: steps }, () => 1)
      await vi.waitFor(async () => expect(await consumers()).toEqual(once), { timeout: 150_000, interval: 1000 })
      // Children are what sharing is for: nobody has one for every step. Those that messages left are ended after a minute.
      const sending = rig.sender.send(1000, { atOnce: 50 })
      await vi.waitFor(async () =>
        expect(await rig.broker.depth(rig.plans.living()[0]?.stage.queue ?? '')).toBeDefined(),
      )
      await runners[0]?.kill()
      expect(await runners[1]?.end()).toBe(0)
      await sending
      expect(await rig.untilAccounted(120_000)).toMatchObject({ dead: 0, invented: [] })
      expect(await consumers()).toEqual(once)
    },
  )
})
