import { pino } from 'pino'
import { expect, it } from 'vitest'
import { describeOnRabbit } from '../../test/env/servers.ts'
import { sampleMessage } from '../../test/samples/sample-message.ts'
import { unroutedQueue } from '../broker/broker.ts'
import { openAmqpBroker } from '../broker/amqp/open-amqp-broker.ts'
import type { BrokerRole } from '../broker/management/decide/plan-vhost.ts'
import { brokerRoles, planVhost, userName } from '../broker/management/decide/plan-vhost.ts'
import { openManagementClient } from '../broker/management/management-client.ts'
import { provisionVhost, removeVhost } from '../broker/management/provision-vhost.ts'
import { systemClock } from '../clock.ts'
import { openReInjector } from '../runner/re-inject.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { openRecorder } from './recorder.ts'

const log = pino({ level: 'silent' })

describeOnRabbit('the user of a recorder', (rabbit) => {
  const passwords = Object.fromEntries(brokerRoles.map((role) => [role, `of ${role}`])) as Record<BrokerRole, string>
  const plan = planVhost({ namespace: 'recorder-role', uid: crypto.randomUUID(), passwords })

  it('may do all that a recorder does: take what died, what was seen, and what has lost its queue', async () => {
    const client = openManagementClient(rabbit.managementUrl)
    await using opened = new AsyncDisposableStack()
    await provisionVhost(client, plan)
    opened.defer(() => removeVhost(client, plan))
    const open = async (role: BrokerRole) => {
      const url = new URL(rabbit.amqpUrl)
      url.username = userName(plan.vhost, role)
      url.password = passwords[role]
      url.pathname = `/${plan.vhost}`
      const broker = await openAmqpBroker({ url: url.href, connectionName: role, log })
      opened.defer(broker.close)
      return broker
    }
    const operator = await open('operator')
    const broker = await open('recorder')
    const store = openMemoryStore({ clock: systemClock })
    const recorder = await openRecorder({ broker, store, clock: systemClock, log, namespaceOf: () => 'recorder-role' })
    opened.defer(recorder.close)
    const nobody = async () => undefined
    const plans = { active: () => undefined, get: nobody, refresh: nobody, flows: () => [] }
    opened.defer((await openReInjector({ broker, store, plans, clock: systemClock, log })).close)

    const lost = sampleMessage('lost', { flow: 'gone' })
    expect(await operator.publish({ kind: 'queue', queue: unroutedQueue }, lost)).toBe('confirmed')
    await expect
      .poll(() => store.deadLetters.list({}), { timeout: 30_000 })
      .toMatchObject([{ id: 'lost', code: 'PlanMismatch' }])
  })
})
