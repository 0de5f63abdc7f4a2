import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it, vi } from 'vitest'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import { effectsIn } from '../../rig/faults/account.ts'
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

  const open = async (flow: string): Promise<void> => {
    const vhost = await freshVhost(rabbit)
    const database = freshDatabase(mongo)
    rig = await openFaultRig({ amqpUrl: vhost.amqpUrl, mongoUrl: database.url, manifests: flow })
    closers = [rig.close, vhost.close, database.close]
  }
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  it('finishes everything when nothing happens to it', async () => {
    await open(manifests)
    await rig.startRecorder()
    await rig.startRunner()
    await rig.sender.send(1000)
    const account = await rig.untilAccounted()
    expect(account).toMatchObject({ finished: 1000, dead: 0, duplicates: 0, invented: [] })
  })

  it('is killed 20 times in 50,000 messages: none is lost, and few are doubled', { timeout: 400_000 }, async () => {
    await open(manifests)
    await rig.startRecorder()
    let runner = await rig.startRunner()
    let kills = 0
    const sending = rig.sender.send(50_000, { atOnce: 500 })
    while (kills < 20) {
      await pause(500 + Math.random() * 1000)
      await runner.kill()
      kills += 1
      runner = await rig.startRunner()
    }
    await sending
    const account = await rig.untilAccounted(200_000)
    // Each kill finds at most the read-ahead of three steps under way.
    expect(account.duplicates).toBeLessThanOrEqual(kills * 3 * 200 + rig.sender.repeated())
    expect(account).toMatchObject({ dead: 0, invented: [] })
  })

  it('loses a child at random: its messages are given to the next', async () => {
    await open(manifests)
    await rig.startRecorder()
    const runner = await rig.startRunner()
    const sending = rig.sender.send(10_000, { atOnce: 200 })
    let kills = 0
    while (kills < 10) {
      const children = runner.children().filter(isNode)
      const victim = children[Math.floor(Math.random() * children.length)]
      if (victim !== undefined) {
        process.kill(victim, 'SIGKILL')
        kills += 1
      }
      await pause(200 + Math.random() * 300)
    }
    await sending
    const account = await rig.untilAccounted(120_000)
    // With several in a child nobody knows whose fault it was: each of them is tried again, and no attempt is spent.
    expect(account).toMatchObject({ dead: 0, invented: [] })
    expect(account.duplicates).toBeLessThanOrEqual(kills * 50)
  })

  it('loses the supervisor of its components, again and again', async () => {
    await open(manifests)
    await rig.startRecorder()
    const socket = join(rig.directory, 'supervisor.sock')
    const startSupervisor = (): ChildProcess =>
      spawn(process.execPath, [shim], { env: { WEIR_SUPERVISOR_SOCKET: socket }, stdio: 'ignore' })
    let supervisor = startSupervisor()
    closers.unshift(async () => void supervisor.kill('SIGKILL'))
    await rig.startRunner({ WEIR_SUPERVISOR_SOCKET: socket })
    const sending = rig.sender.send(5000, { atOnce: 200 })
    const kills = 5
    for (let at = 0; at < kills; at += 1) {
      await pause(500 + Math.random() * 500)
      supervisor.kill('SIGKILL')
      supervisor = startSupervisor()
    }
    await sending
    const account = await rig.untilAccounted(120_000)
    expect(account).toMatchObject({ dead: 0, invented: [] })
    expect(account.duplicates).toBeLessThanOrEqual(kills * 50)
  })

  it('is told to end under load: what has started finishes, and no attempt is spent', async () => {
    // A second attempt would be one too many.
    await open(
      manifests.replaceAll('concurrencyPerProcess', 'onError: {retry: {maxAttempts: 1}}, concurrencyPerProcess'),
    )
    await rig.startRecorder()
    let runner = await rig.startRunner()
    const sending = rig.sender.send(10_000, { atOnce: 200, data: () => ({ ms: 20 }) })
    for (let at = 0; at < 5; at += 1) {
      await pause(1000)
      const [code, next] = await Promise.all([runner.end(), rig.startRunner()])
      expect(code).toBe(0)
      runner = next
    }
    await sending
    expect(await rig.untilAccounted(120_000)).toMatchObject({ dead: 0, duplicates: 0, invented: [] })
  })

  it('is frozen while it holds a snapshot, and woken when another has taken over: each message counts once', async () => {
    await open(tallyManifests)
    await rig.startRecorder()
    const first = await rig.startRunner()
    await rig.sender.send(20)
    await eventually(async () => expect((await effectsIn(rig.effects)).length).toBeGreaterThan(0))
    first.freeze()
    const before = (await effectsIn(rig.effects)).length
    expect(before).toBeLessThan(20)
    await rig.startRunner()
    // The broker gives it up after two heartbeats without an answer; until then nobody else may have its queue.
    await eventually(async () => expect((await effectsIn(rig.effects)).length).toBeGreaterThan(before), 90_000)
    first.thaw()
    const account = await rig.untilAccounted(60_000)
    expect(account).toMatchObject({ dead: 0, invented: [] })
    const [queue = ''] = await rig.store.snapshots.queues('orders-uid')
    await eventually(async () => expect((await rig.store.snapshots.read(queue))?.value).toEqual({ seen: 20 }))
  })
})

const shim = fileURLToPath(new URL('../../../runtime/shim/bundled-main.cjs', import.meta.url))

const tallyManifests = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
    - {name: tally, component: relay, function: tally, config: {file: EFFECTS, ms: 200}}
`

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function eventually(assertion: () => Promise<void>, timeout = 30_000): Promise<void> {
  return vi.waitFor(assertion, { timeout, interval: 100 })
}

/** Of a runner's children: the shell that ends them with it is none of them. */
function isNode(pid: number): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith('node') ||
      readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('bundled-main')
    )
  } catch {
    return false
  }
}
