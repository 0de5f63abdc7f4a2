import { pino } from 'pino'
import { expect, it } from 'vitest'
import { callManagement, describeOnRabbit, freshVhost } from '../../test/env/servers.ts'
import { sampleMessage } from '../../test/samples/sample-message.ts'
import { openAmqpBroker } from '../broker/amqp/open-amqp-broker.ts'
import { deadQueue, unroutedQueue } from '../broker/broker.ts'
import { systemClock } from '../clock.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { openReInjector } from './re-inject.ts'

const log = pino({ level: 'silent' })

describeOnRabbit('what lost its target', (rabbit) => {
  it('is taken up after somebody has deleted `unrouted`, what a delay cannot return included', async () => {
    await using opened = new AsyncDisposableStack()
    const vhost = await freshVhost(rabbit)
    opened.defer(vhost.close)
    const broker = await openAmqpBroker({ url: vhost.amqpUrl, connectionName: 're-injector', log })
    opened.defer(broker.close)
    const nobody = async () => undefined
    const plans = { active: () => undefined, get: nobody, refresh: nobody, flows: () => [] }
    const store = openMemoryStore({ clock: systemClock })
    opened.defer((await openReInjector({ broker, store, plans, clock: systemClock, log })).close)

    const path = `/api/queues/${encodeURIComponent(vhost.vhost)}/${unroutedQueue}`
    await callManagement(vhost.managementUrl, 'DELETE', path)
    await expect.poll(() => broker.depth(unroutedQueue), { timeout: 30_000 }).toMatchObject({ consumers: 1 })
    const lost = sampleMessage('lost', { flow: 'gone' })
    expect(await broker.publish({ kind: 'delay', queue: 'gone', delayMs: 100 }, lost)).toBe('confirmed')
    await expect.poll(() => broker.depth(deadQueue), { timeout: 30_000 }).toMatchObject({ ready: 1 })
  })
})
