import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { openPlanDirectory } from '../../../runtime/plans/plan-directory.ts'
import type { Cutter } from '../../env/cutter.ts'
import { openCutter } from '../../env/cutter.ts'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import type { FaultRig } from '../../rig/faults/fault-rig.ts'
import { openFaultRig } from '../../rig/faults/fault-rig.ts'
import type { ProcessUnderTest } from '../../rig/faults/process-under-test.ts'
import { startProgram } from '../../rig/faults/process-under-test.ts'

const manifests = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
    - {name: first, component: relay, function: pass, concurrencyPerProcess: 50}
    - {name: last, component: relay, function: effect, concurrencyPerProcess: 50, config: {file: EFFECTS}}
`

describeOnServers('the processes', ({ rabbit, mongo }) => {
  const closers: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  interface Opened {
    readonly rig: FaultRig
    readonly amqpUrl: string
    readonly storeUrl: string
  }

  const open = async (): Promise<Opened> => {
    const vhost = await freshVhost(rabbit)
    closers.push(vhost.close)
    const database = freshDatabase(mongo)
    closers.push(database.close)
    const rig = await openFaultRig({ amqpUrl: vhost.amqpUrl, mongoUrl: database.url, manifests })
    closers.push(rig.close)
    return { rig, amqpUrl: vhost.amqpUrl, storeUrl: database.url }
  }
  const cutterTo = async (url: string): Promise<Cutter> => {
    const cutter = await openCutter(url)
    closers.push(cutter.close)
    return cutter
  }
  const get = async ({ port }: Pick<ProcessUnderTest, 'port'>, path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: answer.status, text: await answer.text() }
  }
  const untilReady = (process: ProcessUnderTest, status: number) =>
    vi.waitFor(async () => expect((await get(process, '/readyz')).status).toBe(status), { timeout: 60_000 })

  it('are ready until the broker is lost, live all the time, and ready again when it is back', async () => {
    const { rig, amqpUrl } = await open()
    const cutter = await cutterTo(amqpUrl)
    const through = { WEIR_BROKER_URL: cutter.url }
    const both = [await rig.startRunner(through), await rig.startRecorder(through)]
    for (const one of both) await untilReady(one, 200)
    cutter.refuse()
    cutter.cut()
    for (const one of both) {
      await untilReady(one, 503)
      const { text } = await get(one, '/readyz')
      expect(text).toMatch(/^RabbitMQ at 127\.0\.0\.1:\d+, vhost "[^"]+" .*\(since \d{4}-\S+Z\)\n$/)
      expect(text).not.toContain('guest')
      expect(await get(one, '/livez')).toEqual({ status: 200, text: 'ok\n' })
      expect((await get(one, '/metrics')).text).toContain('weir_broker_ready 0\n')
    }
    cutter.accept()
    for (const one of both) await untilReady(one, 200)
    await rig.sender.send(50)
    await rig.untilAccounted()
    for (const one of both) {
      expect(one.logged().filter(({ msg }) => msg === 'broker connected')).toHaveLength(1)
      expect(await one.end()).toBe(0)
    }
  })

  it('show what they have done: by step, and by the recorder', async () => {
    const { rig } = await open()
    const [runner, recorder] = [await rig.startRunner(), await rig.startRecorder()]
    await rig.sender.send(50)
    await rig.untilAccounted()
    const place = (step: string): string => `{namespace="default",flow="orders",step="${step}"}`
    await vi.waitFor(
      async () => {
        const { text } = await get(runner, '/metrics')
        expect(text).toContain(`weir_messages_received_total${place('first')} 50\n`)
        expect(text).toContain(`weir_messages_emitted_total${place('first')} 50\n`)
        expect(text).toContain(`weir_message_duration_seconds_count${place('last')} 50\n`)
        expect(text).toContain(`weir_messages_in_flight${place('last')} 0\n`)
        expect(text).toContain(`weir_queue_messages_ready${place('last')} 0\n`)
      },
      { timeout: 30_000 },
    )
    await vi.waitFor(
      async () => {
        const { text } = await get(recorder, '/metrics')
        expect(Number(/weir_recorder_observations_total (\d+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(100)
        expect(text).toContain('weir_recorder_queue_messages_ready{queue="events"} 0\n')
      },
      { timeout: 30_000 },
    )
  })

  it('take their plans from a directory, which may come later and is followed', async () => {
    const { rig } = await open()
    const root = await mkdtemp(join(tmpdir(), 'weir-plans-'))
    closers.push(() => rm(root, { recursive: true, force: true }))
    const plans = join(root, 'plans')
    const starting = rig.startRunner({ WEIR_PLANS: plans })
    const directory = await openPlanDirectory(plans, rig.store)
    const runner = await starting
    await rig.sender.send(20)
    // Nothing is in it yet, so nothing is consumed.
    expect((await get(runner, '/metrics')).text).not.toContain('flow="orders"')
    await directory.writeAll()
    await rig.untilAccounted()
    expect(await runner.end()).toBe(0)
  })

  it('let messages wait whose component they do not have, and spend no attempt', async () => {
    const { rig } = await open()
    await rig.startRecorder()
    const without = await rig.startRunner({ WEIR_COMPONENTS: '' })
    await rig.sender.send(5)
    await vi.waitFor(
      async () =>
        expect((await get(without, '/metrics')).text).toContain(
          'weir_messages_retried_total{namespace="default",flow="orders",step="first"} 5\n',
        ),
      { timeout: 30_000 },
    )
    expect(await without.end()).toBe(0)
    await rig.startRunner()
    expect(await rig.untilAccounted(90_000)).toMatchObject({ finished: 5, dead: 0 })
  })

  it('end with 2 and one line when they are set up wrong, without the password', async () => {
    const { amqpUrl, storeUrl } = await open()
    const wrong = new URL(amqpUrl)
    wrong.password = 's3cret'
    const bad = { WEIR_BROKER_URL: wrong.href.replace('amqp:', 'amq:'), WEIR_STORE_URL: storeUrl }
    const ended = await startProgram('runner', bad).catch((error: unknown) => String(error))
    expect(ended).toContain('runner ended with code 2')
    expect(ended).toContain('WEIR_BROKER_URL must begin with amqp:// or amqps://')
    expect(ended).not.toContain('s3cret')
  })
})
