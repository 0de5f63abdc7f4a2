import { expect, it, onTestFinished } from 'vitest'
import { describeOnRabbit, freshVhost } from '../../../../test/env/servers.ts'
import { systemClock as clock } from '../../../clock.ts'
import { openAdmin } from '../admin.ts'
import type { AmqpServer } from '../amqp-link.ts'
import type { Topology } from '../decide/plan-topology.ts'
import { joinTopologies, queueTopology, rungTopology, vhostTopology } from '../decide/plan-topology.ts'
import * as oneByOne from '../enact-topology.ts'
import { declareTopology } from './declare-topology.ts'

const all = joinTopologies([
  vhostTopology([{ name: 'dead' }, { name: 'unrouted' }, { name: 'events', dropHeadAbove: 1000 }]),
  queueTopology({ name: 'single', singleActiveConsumer: true }),
  rungTopology(1000),
  // More milliseconds than 32 bits hold.
  rungTopology(30 * 24 * 3600 * 1000),
])

function placeOf(amqpUrl: string): AmqpServer {
  const url = new URL(amqpUrl)
  const vhost = decodeURIComponent(url.pathname.slice(1))
  return { url, vhost, connectionName: 'test', heartbeatSeconds: 10, connectTimeoutMs: 10_000 }
}

async function declareOneByOne(server: AmqpServer, topology: Topology): Promise<void> {
  const admin = openAdmin({ server, clock, random: Math.random, patienceMs: 0 })
  onTestFinished(() => admin.close())
  await admin.run((channel) => oneByOne.declareTopology(channel, topology))
  await admin.run((channel) => oneByOne.bindTopology(channel, topology))
}

describeOnRabbit('declareTopology', (rabbit) => {
  it.each(['at once', 'one by one'])('declares what is the same %s', async (first) => {
    const vhost = await freshVhost(rabbit)
    onTestFinished(() => vhost.close())
    const server = placeOf(vhost.amqpUrl)
    if (first === 'one by one') await declareOneByOne(server, all)
    await declareTopology(server, all, clock)
    await declareTopology(server, all, clock)
    await declareOneByOne(server, all)
  })

  it('tells what the server refuses', async () => {
    const vhost = await freshVhost(rabbit)
    onTestFinished(() => vhost.close())
    const server = placeOf(vhost.amqpUrl)
    await declareTopology(server, all, clock)
    const other = joinTopologies([queueTopology({ name: 'single' }), queueTopology({ name: 'another' })])
    await expect(declareTopology(server, other, clock)).rejects.toMatchObject({ code: 'QueueMismatch' })
  })
})
