import type { ChildProcess } from 'node:child_process'
import type { BenchServers } from '../bench-servers.ts'
import type { Pipeline } from './pipeline.ts'
import { openDriver, startProcess } from './pipeline.ts'

const program = new URL('control-main.ts', import.meta.url)

/** Three processes written by hand with amqplib, a quorum queue before each. */
export async function openControlPipeline(
  { amqpUrl, brokerPid }: BenchServers,
  way: 'pipelined' | 'naive' = 'pipelined',
): Promise<Pipeline> {
  const driver = await openDriver(amqpUrl, brokerPid)
  const { admin, channel } = driver
  const queues = [1, 2, 3].map((step) => `control.${way}.${step}`)
  for (const queue of queues) {
    await admin.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  }
  const [first = ''] = queues
  const processes: ChildProcess[] = []
  for (const [at, queue] of queues.entries()) {
    processes.push(await startProcess(program, [amqpUrl, queue, queues[at + 1] ?? '', way]))
  }
  let sent = 0
  return {
    name: `amqplib, ${way}`,
    driver,
    processes,
    publish: (data, onConfirm) => {
      sent += 1
      const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
      const body = Buffer.from(JSON.stringify({ data }))
      channel.sendToQueue(first, body, { persistent: true, messageId: `m${sent}`, headers }, onConfirm)
    },
    close: async () => {
      for (const child of processes) child.kill('SIGKILL')
      for (const queue of queues) await admin.deleteQueue(queue)
      await driver.close()
    },
  }
}
