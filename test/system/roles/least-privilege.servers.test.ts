import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { deadQueue } from '../../../runtime/broker/broker.ts'
import type { BrokerRole } from '../../../runtime/broker/management/decide/plan-vhost.ts'
import { brokerRoles, planVhost, userName } from '../../../runtime/broker/management/decide/plan-vhost.ts'
import { openManagementClient } from '../../../runtime/broker/management/management-client.ts'
import { provisionVhost, removeVhost } from '../../../runtime/broker/management/provision-vhost.ts'
import type { RabbitServer } from '../../env/rabbit.ts'
import { openRabbit } from '../../env/rabbit.ts'
import {
  callManagement,
  describeOnMongo,
  describeOnRabbit4,
  describeOnServers,
  freshDatabase,
} from '../../env/servers.ts'
import type { MongoUrls, RabbitUrls } from '../../env/shared-servers.ts'
import type { FaultRig } from '../../rig/faults/fault-rig.ts'
import { openFaultRig } from '../../rig/faults/fault-rig.ts'
import type { ProcessUnderTest } from '../../rig/faults/process-under-test.ts'
import { sampleMessage } from '../../samples/sample-message.ts'

const manifests = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
    - {name: rest, wait: {seconds: 0.1}}
    - {name: first, component: relay, function: pass, concurrencyPerProcess: 20}
    - name: second
      component: relay
      function: falter
      concurrencyPerProcess: 20
      config: {hopelessEvery: 10, share: 0.1}
      onError: {retry: {maxAttempts: 6, initialDelaySeconds: 0.1, maxDelaySeconds: 0.2}}
    - {name: last, component: relay, function: effect, concurrencyPerProcess: 20, config: {file: EFFECTS}}
`

const passwords = Object.fromEntries(brokerRoles.map((role) => [role, `only/of:${role}?`])) as Record<
  BrokerRole,
  string
>

function promises(serversOf: () => { readonly rabbit: RabbitUrls; readonly mongo: MongoUrls }): void {
  const plan = planVhost({ namespace: 'weir-test-roles', uid: crypto.randomUUID(), passwords })
  let rig: FaultRig
  const closers: (() => Promise<unknown>)[] = []
  const client = () => openManagementClient(serversOf().rabbit.managementUrl)
  const urlAs = (role: BrokerRole): string => {
    const url = new URL(serversOf().rabbit.amqpUrl)
    url.username = encodeURIComponent(userName(plan.vhost, role))
    url.password = encodeURIComponent(passwords[role])
    url.pathname = `/${encodeURIComponent(plan.vhost)}`
    return url.href
  }
  const start = async (): Promise<{ runner: ProcessUnderTest; recorder: ProcessUnderTest }> => {
    closers.push(() => removeVhost(client(), plan))
    await provisionVhost(client(), plan)
    const database = freshDatabase(serversOf().mongo)
    closers.push(database.close)
    rig = await openFaultRig({ amqpUrl: urlAs('operator'), mongoUrl: database.url, manifests })
    closers.push(rig.close)
    return {
      recorder: await rig.startRecorder({ WEIR_BROKER_URL: urlAs('recorder') }),
      runner: await rig.startRunner({ WEIR_BROKER_URL: urlAs('runner') }),
    }
  }
  const api = (method: 'DELETE', path: string): Promise<unknown> =>
    callManagement(serversOf().rabbit.managementUrl, method, path)
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close()
  })

  it('run a flow with retries, waits, dead letters, observations and what has lost its queue', async () => {
    const processes = await start()
    await rig.sender.send(200)
    const account = await rig.untilAccounted()
    expect(account).toMatchObject({ dead: 20, finished: 180, duplicates: 0, invented: [] })
    expect(await rig.broker.publish({ kind: 'delay', queue: 'nobody', delayMs: 100 }, stray)).toBe('confirmed')
    await eventually(async () => {
      const letters = await rig.store.deadLetters.list({ flow: stray.headers.flow })
      expect(letters).toMatchObject([{ id: stray.id, code: 'PlanMismatch' }])
    })
    const [letter] = await rig.store.deadLetters.list({ flow: 'orders-uid', limit: 1 })
    await eventually(async () => {
      const events = await rig.store.runs.events(letter?.run ?? '')
      // It failed six times; what was before that is told, too.
      expect(events.filter(({ step }) => step === 'second')).toHaveLength(6)
    })
    for (const each of Object.values(processes)) {
      expect(await each.end()).toBe(0)
      expect(each.logged().filter((line) => /refused|has no (?:queue|exchange)/i.test(JSON.stringify(line)))).toEqual(
        [],
      )
    }
  })

  it('name a queue that is missing and that they may not declare, and go on when another has', async () => {
    const { recorder } = await start()
    await api('DELETE', `/api/queues/${encodeURIComponent(plan.vhost)}/${deadQueue}`)
    await eventually(async () => {
      const told = recorder.logged().map((line) => JSON.stringify(line))
      expect(
        told.filter((line) => line.includes('has no queue \\"dead\\"') && line.includes('may not declare it')),
      ).toHaveLength(1)
      expect(told.join('\n')).not.toContain('only/of')
    })
    await rig.broker.declareQueues([{ name: deadQueue }])
    await rig.sender.send(10)
    expect(await rig.untilAccounted()).toMatchObject({ finished: 9, dead: 1 })
  })
}

const stray = sampleMessage('stray', { flow: 'nobodys-uid', run: 'stray', at: 'first', copy: 'stray' }, '{"data":{}}')

function eventually(assertion: () => Promise<void>): Promise<void> {
  return vi.waitFor(assertion, { timeout: 60_000, interval: 100 })
}

describeOnServers('processes with no more permissions than their roles need', (servers) => promises(() => servers))

await describeOnRabbit4('processes with no more permissions than their roles need, on RabbitMQ 4', () => {
  describeOnMongo('on MongoDB', (mongo) => {
    let rabbit: RabbitServer
    beforeAll(async () => {
      rabbit = await openRabbit({ version: 4 })
    })
    afterAll(() => rabbit?.close())
    promises(() => ({ rabbit, mongo }))
  })
})
