import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib'
import { connect } from 'amqplib'
import { reportTo } from './step-report.ts'
import { watermark } from './watermark.ts'

/**
 * One step of the control: what a careful person writes with amqplib by hand. Consumes, parses, transforms, stringifies, publishes with
 * confirm, acknowledges after the confirm: up to a contiguous watermark, once a turn of the loop. The last step has nowhere to publish.
 *
 * `naive` is what most people write: prefetch 1, and an awaited confirm for each message.
 */
const [url = '', from = '', to = '', way = 'pipelined'] = process.argv.slice(2)

const prefetch = way === 'naive' ? 1 : 200
const connection = await connect(url, { noDelay: true })
const channel = await connection.createConfirmChannel()
await channel.prefetch(prefetch)
const report = reportTo(process)
await channel.consume(from, way === 'naive' ? naive(channel) : pipelined(channel))
process.send?.({ kind: 'ready' })

function pipelined(channel: ConfirmChannel): (message: ConsumeMessage | null) => void {
  const acks = watermark((tag) => ackUpTo(channel, tag))
  return (message) => {
    if (message === null) return
    const { deliveryTag } = message.fields
    const { body, sentAtUs } = transform(message.content)
    if (to === '') {
      acks.done(deliveryTag)
      return report.finished(sentAtUs)
    }
    channel.sendToQueue(to, body, propertiesOf(message), (error) => {
      if (error !== null && error !== undefined) throw error
      acks.done(deliveryTag)
      report.finished(sentAtUs)
    })
  }
}

function naive(channel: ConfirmChannel): (message: ConsumeMessage | null) => void {
  return (message) => {
    if (message !== null) void workOnOne(channel, message)
  }
}

async function workOnOne(channel: ConfirmChannel, message: ConsumeMessage): Promise<void> {
  const { body, sentAtUs } = transform(message.content)
  if (to !== '') {
    channel.sendToQueue(to, body, propertiesOf(message))
    await channel.waitForConfirms()
  }
  channel.ack(message)
  report.finished(sentAtUs)
}

function transform(content: Buffer): { readonly body: Buffer; readonly sentAtUs: number } {
  const { data } = JSON.parse(content.toString()) as { data: { n: number; sentAtUs: number; contact: unknown } }
  const { n, sentAtUs, contact } = data
  return { body: Buffer.from(JSON.stringify({ data: { n, sentAtUs, contact, seen: true } })), sentAtUs }
}

/** Two short headers: an id to follow a message by, and its trace. */
function propertiesOf({ properties }: ConsumeMessage): { persistent: true; messageId: string; headers: object } {
  return { persistent: true, messageId: String(properties.messageId), headers: properties.headers ?? {} }
}

function ackUpTo(channel: Channel, deliveryTag: number): void {
  const upTo: Pick<ConsumeMessage, 'fields'> = { fields: { deliveryTag } as ConsumeMessage['fields'] }
  channel.ack(upTo as ConsumeMessage, true) // amqplib reads the tag alone
}
