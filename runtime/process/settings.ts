import * as z from 'zod'
import { PermanentError } from '../error.ts'

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
  /** Directory of flows' states and plans; undefined takes those of the store. */
  readonly plans: string | undefined
}

export interface RunnerSettings extends RecorderSettings {
  /** Directory of credentials, `<namespace>/<name>.json`. */
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

const url = (protocols: readonly string[]): z.ZodType<URL> =>
  z
    .string({ error: 'is not set' })
    .refine((text) => URL.canParse(text), { error: 'is no URL' })
    .transform((text) => new URL(text))
    .refine(({ protocol }) => protocols.includes(protocol), { error: `must begin with ${protocols.join('// or ')}//` })

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error: 'must be a whole number' })
    .transform(Number)
    .refine((number) => number >= least && number <= most, { error: `must be from ${least} to ${most}` })

const common = {
  WEIR_BROKER_URL: url(['amqp:', 'amqps:']).describe('RabbitMQ, as `amqp://USER:PASSWORD@HOST:PORT/VHOST` or `amqps:`'),
  WEIR_STORE_URL: z
    .string({ error: 'is not set' })
    .regex(/^mongodb(?:\+srv)?:\/\/./, { error: 'must begin with mongodb:// or mongodb+srv://' })
    .describe('a replica set of MongoDB, as `mongodb://USER:PASSWORD@HOST/DATABASE`'),
  WEIR_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'must be one of trace, debug, info, warn, error, fatal, silent',
    })
    .default('info')
    .describe('what is logged, a JSON record a line on standard output'),
  WEIR_HTTP_PORT: wholeNumber(0, 65_535)
    .default(9464)
    .describe('of probes and metrics; 0 takes a free one, which `ready` logs'),
  WEIR_HTTP_HOST: z.string().default('0.0.0.0').describe('the address that they listen on'),
  WEIR_SHUTDOWN_SECONDS: wholeNumber(0, 3600)
    .default(30)
    .describe('what has started may take so long after the signal; 10 s later the process ends whatever holds it'),
  WEIR_PLANS: z
    .string()
    .optional()
    .describe(
      'directory of flows\u2019 states and plans, which is watched; without it they are read from the store every 2 s',
    ),
}

const componentPairs = z
  .string()
  .transform((text) => text.split(',').filter((pair) => pair !== ''))
  .refine((pairs) => pairs.every((pair) => /^(?:Cluster)?Component\/[^/=]+=.+$/.test(pair)), {
    error: 'must be pairs like Component/shop=/path, separated by commas',
  })
  .transform((pairs) => new Map(pairs.map((pair) => splitPair(pair))))

export const recorderSchema = z.object(common)
const megabyte = 1024 * 1024
export const runnerSchema = z.object({
  ...common,
  WEIR_CREDENTIALS: z
    .string()
    .optional()
    .describe(
      'directory of credentials, `NAMESPACE/NAME.json`, each `{"type": \u2026, "fields": {\u2026}}`; read anew at each use',
    ),
  WEIR_POOLS: z
    .string()
    .transform((text) => text.split(',').filter((pool) => pool !== ''))
    .optional()
    .describe('pools that are served, as `core,Component/shop`; without it all'),
  WEIR_COMPONENTS: componentPairs
    .default(new Map())
    .describe('code of components, as `Component/shop=/code/shop,ClusterComponent/http=/code/http`'),
  WEIR_SUPERVISOR_SOCKET: z
    .string()
    .optional()
    .describe(
      'socket of the supervisor that starts component processes in another container; without it they are children',
    ),
  WEIR_MAX_PROCESSES: wholeNumber(1, 1000).optional().describe('component processes at a time; 16 without it'),
  WEIR_QUEUED_MESSAGES: wholeNumber(1, 10_000_000)
    .default(10_000)
    .describe('a component\u2019s emit waits while the queue it goes to holds more'),
  WEIR_MESSAGE_BYTES: wholeNumber(1, 15 * megabyte)
    .default(10 * megabyte)
    .describe('the largest message, its JSON in bytes; a larger one is a dead letter'),
})

/** @throws {PermanentError} `SettingsInvalid`: every variable that is wrong, with what it must be, and no value of any */
export function recorderSettings(environment: Environment): RecorderSettings {
  const values = read(recorderSchema, environment)
  return { ...commonOf(values), plans: values.WEIR_PLANS }
}

/** @throws {PermanentError} `SettingsInvalid`, as `recorderSettings` does */
export function runnerSettings(environment: Environment): RunnerSettings {
  const values = read(runnerSchema, environment)
  return {
    ...commonOf(values),
    plans: values.WEIR_PLANS,
    credentials: values.WEIR_CREDENTIALS,
    pools: values.WEIR_POOLS,
    components: values.WEIR_COMPONENTS,
    supervisorSocket: values.WEIR_SUPERVISOR_SOCKET,
    maxProcesses: values.WEIR_MAX_PROCESSES,
    queuedMessages: values.WEIR_QUEUED_MESSAGES,
    messageBytes: values.WEIR_MESSAGE_BYTES,
  }
}

function commonOf(values: z.infer<typeof recorderSchema>): ProcessSettings {
  return {
    brokerUrl: values.WEIR_BROKER_URL,
    storeUrl: values.WEIR_STORE_URL,
    logLevel: values.WEIR_LOG_LEVEL,
    httpPort: values.WEIR_HTTP_PORT,
    httpHost: values.WEIR_HTTP_HOST,
    shutdownSeconds: values.WEIR_SHUTDOWN_SECONDS,
  }
}

function read<Values>(schema: z.ZodType<Values>, environment: Environment): Values {
  // Whoever fills in a template sets what is not wanted to nothing.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const result = schema.safeParse(set)
  if (result.success) return result.data
  const wrong = result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
  throw new PermanentError('SettingsInvalid', wrong.join('; '))
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}
