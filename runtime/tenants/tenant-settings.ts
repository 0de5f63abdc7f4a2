import {
  leftOut,
  notSet,
  readFields,
  readText,
  readUrl,
  readWholeNumber,
  type Field,
} from '../process/settings-field.ts'
import { recorderFields } from '../process/settings.ts'

/** What a process for many namespaces is told by its environment. */
export interface TenantSettings {
  /** Its user and vhost do not count. */
  readonly brokerUrl: URL
  /** Its database does not count. */
  readonly storeUrl: string
  readonly namespace: string | undefined
  readonly logLevel: string
  readonly httpPort: number
  readonly httpHost: string
  readonly shutdownSeconds: number
}

export interface GatewaySettings extends TenantSettings {
  /** Of webhooks; 0 takes any free port, which is logged. */
  readonly hooksPort: number
}

type Environment = Readonly<Record<string, string | undefined>>

const { WEIR_STORE_URL, WEIR_LOG_LEVEL, WEIR_HTTP_PORT, WEIR_HTTP_HOST, WEIR_SHUTDOWN_SECONDS } = recorderFields
const { WEIR_KUBERNETES_ACCOUNT } = recorderFields

export const tenantFields = {
  WEIR_BROKER_URL: {
    description: 'RabbitMQ, as `amqp://HOST:PORT` or `amqps:`; user and vhost are each namespace’s own',
    absent: notSet,
    read: readUrl(['amqp:', 'amqps:']),
  },
  WEIR_STORE_URL: {
    ...WEIR_STORE_URL,
    description: 'a replica set of MongoDB, as `mongodb://USER:PASSWORD@HOST`; the database is each namespace’s own',
  },
  WEIR_NAMESPACE: {
    description: 'the only namespace that is looked after; without it all of them',
    absent: leftOut,
    read: readText,
  } as Field<string | undefined>,
  WEIR_LOG_LEVEL,
  WEIR_HTTP_PORT,
  WEIR_HTTP_HOST,
  WEIR_SHUTDOWN_SECONDS,
  WEIR_KUBERNETES_ACCOUNT,
  KUBECONFIG: {
    description: 'file that leads to the cluster; in a pod it is left out',
    absent: leftOut,
    read: readText,
  } as Field<string | undefined>,
} as const

export const gatewayFields = {
  ...tenantFields,
  WEIR_HOOKS_PORT: {
    description: 'where webhooks are answered, as `/hooks/NAMESPACE/PATH`; 0 takes a free one, which the log tells',
    absent: { value: 8080 },
    read: readWholeNumber(0, 65_535),
  },
} as const

/** @throws {PermanentError} `SettingsInvalid`: every variable that is wrong, with what it must be, and no value of any */
export function tenantSettings(environment: Environment): TenantSettings {
  const values = readFields(tenantFields, environment)
  return {
    brokerUrl: values.WEIR_BROKER_URL,
    storeUrl: values.WEIR_STORE_URL,
    namespace: values.WEIR_NAMESPACE,
    logLevel: values.WEIR_LOG_LEVEL,
    httpPort: values.WEIR_HTTP_PORT,
    httpHost: values.WEIR_HTTP_HOST,
    shutdownSeconds: values.WEIR_SHUTDOWN_SECONDS,
  }
}

/** @throws {PermanentError} `SettingsInvalid`, as `tenantSettings` does */
export function gatewaySettings(environment: Environment): GatewaySettings {
  return { ...tenantSettings(environment), hooksPort: readFields(gatewayFields, environment).WEIR_HOOKS_PORT }
}
