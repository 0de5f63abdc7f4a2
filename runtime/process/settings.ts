import { clusterPlace, type ClusterPlace } from './cluster-place.ts'
import type { Field, Reading, ValuesOf } from './settings-field.ts'
import {
  leftOut,
  notSet,
  readFields,
  readList,
  readOneOf,
  readText,
  readUrl,
  readWholeNumber,
} from './settings-field.ts'

/** What a runner or recorder process is told by its environment. */
export interface ProcessSettings {
  readonly brokerUrl: URL
  /** Text: a list of hosts with ports is no URL to the platform. */
  readonly storeUrl: string
  readonly logLevel: string
  /** Health, readiness and metrics; 0 takes any free port. */
  readonly httpPort: number
  readonly httpHost: string
  /** From the signal to the end, whatever is still under way. */
  readonly shutdownSeconds: number
}

export interface RecorderSettings extends ProcessSettings {
  /** Directory of flows' states and plans, or the cluster that this process runs in; undefined takes those of the store. */
  readonly plans: string | ClusterPlace | undefined
}

export interface RunnerSettings extends RecorderSettings {
  /** Directory of credentials, `<namespace>/<name>.json`; `kubernetes` for those of the cluster. */
  readonly credentials: string | undefined
  /** Undefined serves every pool. */
  readonly pools: readonly string[] | undefined
  /** Directories of code, by `Component/name` or `ClusterComponent/name`. */
  readonly components: ReadonlyMap<string, string>
  /** Socket of the supervisor that starts component processes in another container; undefined starts them here. */
  readonly supervisorSocket: string | undefined
  readonly maxProcesses: number | undefined
  /** A component's emit waits while the queue it goes to holds more than this. */
  readonly queuedMessages: number
  /** The largest message, its JSON in bytes. */
  readonly messageBytes: number
}

type Environment = Readonly<Record<string, string | undefined>>

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
const megabyte = 1024 * 1024

/** Of a recorder; a runner has them, too. */
export const recorderFields = {
  WEIR_BROKER_URL: {
    description: 'RabbitMQ, as `amqp://USER:PASSWORD@HOST:PORT/VHOST` or `amqps:`',
    absent: notSet,
    read: readUrl(['amqp:', 'amqps:']),
  },
  WEIR_STORE_URL: {
    description: 'a replica set of MongoDB, as `mongodb://USER:PASSWORD@HOST/DATABASE`',
    absent: notSet,
    read: readStoreUrl,
  },
  WEIR_LOG_LEVEL: {
    description: 'what is logged, a JSON record a line on standard output',
    absent: { value: 'info' },
    read: readOneOf(levels),
  },
  WEIR_HTTP_PORT: {
    description: 'of probes and metrics; 0 takes a free one, which `ready` logs',
    absent: { value: 9464 },
    read: readWholeNumber(0, 65_535),
  },
  WEIR_HTTP_HOST: { description: 'the address that they listen on', absent: { value: '0.0.0.0' }, read: readText },
  WEIR_SHUTDOWN_SECONDS: {
    description: 'what has started may take so long after the signal; 10 s later the process ends whatever holds it',
    absent: { value: 30 },
    read: readWholeNumber(0, 3600),
  },
  WEIR_PLANS: optional(
    'directory of flows’ states and plans, which is watched; or `kubernetes`: the Flows of the pod’s namespace are followed; without it they are read from the store every 2 s',
    readText,
  ),
  WEIR_KUBERNETES_ACCOUNT: optional(
    'directory with `token`, `ca.crt` and `namespace` of the service account; without it that of the pod',
    readText,
  ),
} as const

export const runnerFields = {
  ...recorderFields,
  WEIR_CREDENTIALS: optional(
    'directory of credentials, `NAMESPACE/NAME.json`, each `{"type": …, "fields": {…}}`, read anew at each use; `kubernetes` takes those of the cluster, by name',
    readText,
  ),
  WEIR_POOLS: optional('pools that are served, as `core,Component/shop`; without it all', readList),
  WEIR_COMPONENTS: {
    description: 'code of components, as `Component/shop=/code/shop,ClusterComponent/http=/code/http`',
    absent: { value: new Map<string, string>() },
    read: readComponents,
  },
  WEIR_SUPERVISOR_SOCKET: optional(
    'socket of the supervisor that starts component processes in another container; without it they are children',
    readText,
  ),
  WEIR_MAX_PROCESSES: optional('component processes at a time; 16 without it', readWholeNumber(1, 1000)),
  WEIR_QUEUED_MESSAGES: {
    description: 'a component’s emit waits while the queue it goes to holds more',
    absent: { value: 10_000 },
    read: readWholeNumber(1, 10_000_000),
  },
  WEIR_MESSAGE_BYTES: {
    description: 'the largest message, its JSON in bytes; a larger one is a dead letter',
    absent: { value: 10 * megabyte },
    read: readWholeNumber(1, 15 * megabyte),
  },
} as const

/** @throws {PermanentError} `SettingsInvalid`: every variable that is wrong, with what it must be, and no value of any */
export function recorderSettings(environment: Environment): RecorderSettings {
  const values = readFields(recorderFields, environment)
  return { ...commonOf(values), plans: plansOf(values, environment) }
}

/** @throws {PermanentError} `SettingsInvalid`, as `recorderSettings` does */
export function runnerSettings(environment: Environment): RunnerSettings {
  const values = readFields(runnerFields, environment)
  return {
    ...commonOf(values),
    plans: plansOf(values, environment),
    credentials: values.WEIR_CREDENTIALS,
    pools: values.WEIR_POOLS,
    components: values.WEIR_COMPONENTS,
    supervisorSocket: values.WEIR_SUPERVISOR_SOCKET,
    maxProcesses: values.WEIR_MAX_PROCESSES,
    queuedMessages: values.WEIR_QUEUED_MESSAGES,
    messageBytes: values.WEIR_MESSAGE_BYTES,
  }
}

function commonOf(values: ValuesOf<typeof recorderFields>): ProcessSettings {
  return {
    brokerUrl: values.WEIR_BROKER_URL,
    storeUrl: values.WEIR_STORE_URL,
    logLevel: values.WEIR_LOG_LEVEL,
    httpPort: values.WEIR_HTTP_PORT,
    httpHost: values.WEIR_HTTP_HOST,
    shutdownSeconds: values.WEIR_SHUTDOWN_SECONDS,
  }
}

function optional<Value>(description: string, read: (text: string) => Reading<Value>): Field<Value | undefined> {
  return { description, absent: leftOut, read }
}

function plansOf(
  { WEIR_PLANS: plans, WEIR_KUBERNETES_ACCOUNT: account }: ValuesOf<typeof recorderFields>,
  environment: Environment,
): RecorderSettings['plans'] {
  return plans === 'kubernetes' ? clusterPlace(environment, account) : plans
}

/** A list of hosts with ports is no URL to the platform. */
function readStoreUrl(text: string): Reading<string> {
  const isStore = /^mongodb(?:\+srv)?:\/\/./.test(text)
  return isStore ? { value: text } : { mistake: 'must begin with mongodb:// or mongodb+srv://' }
}

function readComponents(text: string): Reading<ReadonlyMap<string, string>> {
  const pairs = text.split(',').filter((pair) => pair !== '')
  if (!pairs.every((pair) => /^(?:Cluster)?Component\/[^/=]+=.+$/.test(pair))) {
    return { mistake: 'must be pairs like Component/shop=/path, separated by commas' }
  }
  return { value: new Map(pairs.map((pair) => splitPair(pair))) }
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}
