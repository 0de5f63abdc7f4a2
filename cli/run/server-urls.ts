import { UsageError } from '../usage-error.ts'

/** Where a run has its queues and its state, when that is not this process. */
export interface ServerUrls {
  readonly broker: string
  readonly store: string
  /** Of the broker's management, by which the vhost is made. */
  readonly management?: string
}

export interface PlaceOptions {
  readonly broker?: string
  readonly store?: string
  readonly brokerManagement?: string
  readonly state?: string
}

/**
 * The servers that the options, or else the environment, name; undefined for a run of its own. What is typed goes before what
 * is set, so that `--state` stays at home.
 *
 * @throws {UsageError} only one of the two is named, or a directory beside them
 */
export function serverUrls(
  options: PlaceOptions,
  environment: Readonly<Record<string, string | undefined>>,
): ServerUrls | undefined {
  if (options.state !== undefined) return withoutServers(options)
  const broker = given(options.broker ?? environment['WEIR_BROKER'])
  const store = given(options.store ?? environment['WEIR_STORE'])
  if (broker === undefined || store === undefined) return withoutOne(options, { broker, store })
  const management = given(options.brokerManagement ?? environment['RABBITMQ_MANAGEMENT_URL'])
  return { broker, store, ...(management !== undefined && { management }) }
}

const storeMissing =
  'plans, snapshots and dead letters must outlast the run as well: give --store mongodb://HOST/DATABASE (or WEIR_STORE)'
const brokerMissing =
  'the messages must outlast the run as well: give --broker amqp://HOST/VHOST (or WEIR_BROKER). Without servers, --state DIR keeps both'

function withoutServers({ broker, store, brokerManagement }: PlaceOptions): undefined {
  if (broker === undefined && store === undefined && brokerManagement === undefined) return undefined
  throw new UsageError(
    '--state keeps messages and state in a directory of this machine, --broker and --store on servers: give one or the other',
  )
}

function withoutOne(
  options: PlaceOptions,
  { broker, store }: { readonly broker: string | undefined; readonly store: string | undefined },
): undefined {
  if (broker !== undefined) throw new UsageError(`${nameOf(options, 'broker')} keeps the messages; ${storeMissing}`)
  if (store !== undefined) throw new UsageError(`${nameOf(options, 'store')} keeps the state; ${brokerMissing}`)
  if (options.brokerManagement === undefined) return undefined
  throw new UsageError('--broker-management makes the vhost that --broker names: give --broker and --store, too')
}

function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

function nameOf(options: PlaceOptions, name: 'broker' | 'store'): string {
  return options[name] === undefined ? `WEIR_${name.toUpperCase()}` : `--${name}`
}
