import { PermanentError } from '../../../error.ts'
import type { AmqpServer } from '../amqp-link.ts'
import { serverName } from '../connect-error.ts'
import { serverProblem } from '../decide/server-version.ts'
import { skip, takeLongText, takeU16, takeU32, type Cursor } from './cursor.ts'
import { isTable, takeBoolField, takeTextField, visitTable, type FieldType } from './field-table.ts'
import { maxFrameBytes } from './frame-parser.ts'
import { agreedHeartbeatSeconds } from './heartbeat.ts'
import { method } from './method.ts'
import { longText, request, shortText, table, u16, u32, u8 } from './request.ts'

export const protocolHeader = Buffer.from('AMQP\0\0\u0009\u0001', 'latin1')

/** What the server must be able to do: all of it is older than RabbitMQ 3.10. */
const needed = ['publisher_confirms', 'basic.nack', 'consumer_cancel_notify', 'authentication_failure_close'] as const

/** What we tell the server that we understand. Without these it would be silent about just what must be known. */
const capabilities = {
  publisher_confirms: true,
  'basic.nack': true,
  consumer_cancel_notify: true,
  'connection.blocked': true,
  authentication_failure_close: true,
}

/** The smallest `frame-max` that AMQP allows. */
const minFrameBytes = 4096
const allChannels = 0xffff

export interface Tuning {
  readonly channelMax: number
  /** Of what we send, overhead included. */
  readonly frameMax: number
  readonly heartbeatSeconds: number
}

/**
 * The answer to `connection.start`.
 *
 * @throws {PermanentError} `BrokerTooOld`; `BrokerUnsupported` when the server lacks what is needed
 */
export function toStartOk(server: AmqpServer, start: Buffer): Buffer {
  const { mechanisms, abilities, ...itself } = parseStart(start)
  const problem = serverProblem(itself)
  if (problem !== undefined) throw new PermanentError('BrokerTooOld', `${serverName(server)} ${problem}`)
  if (!mechanisms.includes('PLAIN')) {
    const offered = mechanisms.join(', ')
    throw unsupported(server, `offers no login by PLAIN, only ${offered}; enable it in auth_mechanisms`)
  }
  const missing = needed.filter((ability) => !abilities.has(ability))
  if (missing.length > 0) throw unsupported(server, `lacks ${missing.join(', ')}; RabbitMQ 3.10 or newer is needed`)
  const properties = { product: 'Weir', connection_name: server.connectionName, capabilities }
  const answers = [table(properties), shortText('PLAIN'), longText(loginOf(server)), shortText('en_US')]
  return request(0, method.connectionStartOk, ...answers)
}

/** What both sides keep to, from `connection.tune`. A server's 0 means that it sets no limit. */
export function toTuning({ heartbeatSeconds }: AmqpServer, tune: Buffer): Tuning {
  const cursor = { bytes: tune, at: 0, end: tune.length }
  const channelMax = takeU16(cursor) || allChannels
  const frameMax = takeU32(cursor) || maxFrameBytes
  return {
    channelMax,
    frameMax: Math.max(minFrameBytes, Math.min(frameMax, maxFrameBytes)),
    heartbeatSeconds: agreedHeartbeatSeconds(heartbeatSeconds, takeU16(cursor)),
  }
}

/** `connection.tune-ok`, and `connection.open` behind it. */
export function toTuneOkAndOpen({ vhost }: AmqpServer, { channelMax, frameMax, heartbeatSeconds }: Tuning): Buffer {
  return Buffer.concat([
    request(0, method.connectionTuneOk, u16(channelMax), u32(frameMax), u16(heartbeatSeconds)),
    request(0, method.connectionOpen, shortText(vhost), shortText(''), u8(0)),
  ])
}

interface Start {
  readonly mechanisms: readonly string[]
  readonly abilities: ReadonlySet<string>
  readonly product: string | undefined
  readonly version: string | undefined
}

interface ServerProperties {
  readonly abilities: Set<string>
  product?: string | undefined
  version?: string | undefined
}

function parseStart(start: Buffer): Start {
  const cursor: Cursor = { bytes: start, at: 0, end: start.length }
  skip(cursor, 2) // version
  const properties: ServerProperties = { abilities: new Set() }
  visitTable(cursor, properties, visitServerProperty)
  const { abilities, product, version } = properties
  return { mechanisms: takeLongText(cursor).split(' '), abilities, product, version }
}

interface Field {
  readonly type: FieldType
  readonly cursor: Cursor
}

function visitServerProperty(properties: ServerProperties, name: string, { type, cursor }: Field): void {
  if (name === 'product' || name === 'version') properties[name] = takeTextField(type, cursor)
  if (name === 'capabilities' && isTable(type)) visitTable(cursor, properties.abilities, visitCapability)
}

function visitCapability(abilities: Set<string>, name: string, { type, cursor }: Field): void {
  if (takeBoolField(type, cursor) === true) abilities.add(name)
}

function unsupported(server: AmqpServer, message: string): PermanentError {
  return new PermanentError('BrokerUnsupported', `${serverName(server)} ${message}`)
}

/** RabbitMQ's default user where the URL names none. */
function loginOf({ url: { username, password } }: AmqpServer): string {
  if (username === '') return '\0guest\0guest'
  return `\0${decodeURIComponent(username)}\0${decodeURIComponent(password)}`
}
