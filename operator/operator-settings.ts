import type { InClusterPlace } from '../kube/transport/in-cluster.ts'
import {
  leftOut,
  notSet,
  readFields,
  readOneOf,
  readText,
  readUrl,
  type Field,
  type Reading,
} from '../runtime/process/settings-field.ts'
import { recorderFields } from '../runtime/process/settings.ts'

/** What the operator is told by its environment. */
export interface OperatorSettings {
  readonly brokerUrl: URL
  readonly managementUrl: string
  readonly storeUrl: string
  readonly tenantKey: string
  /** Whom the pods of a namespace are to the store: users of the namespace's own, or whoever the operator is. */
  readonly storeUsers: 'own' | 'shared'
  /** The cluster of a kubeconfig; undefined in a pod. */
  readonly kubeconfig: string | undefined
  /** Of the API server, and the account's files, in a pod. */
  readonly inCluster: InClusterPlace | undefined
  readonly namespace: string | undefined
  readonly leaseNamespace: string | undefined
  readonly leaseName: string
  readonly identity: string | undefined
  readonly publicUrl: string | undefined
  /** Of the pods of pools; without one there are none. */
  readonly image: string | undefined
  readonly secretAccess: 'cluster' | 'tenants'
  readonly logLevel: string
  readonly httpPort: number
  readonly httpHost: string
  readonly shutdownSeconds: number
}

type Environment = Readonly<Record<string, string | undefined>>

const {
  WEIR_LOG_LEVEL,
  WEIR_HTTP_PORT,
  WEIR_HTTP_HOST,
  WEIR_SHUTDOWN_SECONDS,
  WEIR_STORE_URL,
  WEIR_KUBERNETES_ACCOUNT,
} = recorderFields
const leastKey = 16

export const operatorFields = {
  WEIR_BROKER_URL: {
    description: 'RabbitMQ, as `amqp://HOST:PORT` or `amqps:`; user and vhost are each namespace’s own',
    absent: notSet,
    read: readUrl(['amqp:', 'amqps:']),
  },
  WEIR_BROKER_MANAGEMENT_URL: {
    description:
      'its management, as `http://USER:PASSWORD@HOST:PORT` or `https:`, of a user with the tag `administrator`',
    absent: notSet,
    read: readUrl(['http:', 'https:']),
  },
  WEIR_STORE_URL: {
    ...WEIR_STORE_URL,
    description:
      'a replica set of MongoDB, as `mongodb://USER:PASSWORD@HOST`, of a user who may use any database and, but for `WEIR_STORE_USERS`, make users there: each namespace has a database of its own',
  },
  WEIR_TENANT_KEY: {
    description:
      'secret that the passwords of the namespaces’ users are made of, at least 16 characters: with another one, pods of a namespace get new passwords',
    absent: notSet,
    read: readKey,
  },
  WEIR_STORE_USERS: {
    description:
      'whom the pods of a namespace are to MongoDB: users of the namespace’s `own`, or all the one of `WEIR_STORE_URL` (`shared`), for a server where no users can be made',
    absent: { value: 'own' },
    read: readOneOf(['own', 'shared']),
  },
  WEIR_NAMESPACE: optional('the only namespace that is looked after; without it all of them', readText),
  WEIR_PUBLIC_URL: optional(
    'where callers reach the gateway, as `https://hooks.example`: shown in the status',
    readBase,
  ),
  WEIR_IMAGE: optional(
    'image of the pods that run flows; without it there are none, and runners are started otherwise',
    readText,
  ),
  WEIR_SECRET_ACCESS: {
    description:
      'where the operator may read Secrets by name: in the whole `cluster`, or only in namespaces that were opened to it one by one (`tenants`)',
    absent: { value: 'cluster' },
    read: readOneOf(['cluster', 'tenants']),
  },
  WEIR_LEASE_NAMESPACE: optional('of the Lease by which one of several leads; by default the operator’s own', readText),
  WEIR_LEASE_NAME: { description: 'of the Lease', absent: { value: 'weir-operator' }, read: readText },
  WEIR_IDENTITY: optional('of this process, in the Lease; by default its host’s name and a random word', readText),
  KUBECONFIG: optional('file that leads to the cluster; in a pod it is left out', readText),
  KUBERNETES_SERVICE_HOST: optional('set by Kubernetes in each pod', readText),
  KUBERNETES_SERVICE_PORT: { description: 'set by Kubernetes in each pod', absent: { value: '443' }, read: readText },
  WEIR_KUBERNETES_ACCOUNT,
  WEIR_LOG_LEVEL,
  WEIR_HTTP_PORT,
  WEIR_HTTP_HOST,
  WEIR_SHUTDOWN_SECONDS,
} as const

/** @throws {PermanentError} `SettingsInvalid`: every variable that is wrong, with what it must be, and no value of any */
export function operatorSettings(environment: Environment): OperatorSettings {
  const values = readFields(operatorFields, environment)
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, WEIR_KUBERNETES_ACCOUNT: directory } = values
  return {
    brokerUrl: values.WEIR_BROKER_URL,
    managementUrl: values.WEIR_BROKER_MANAGEMENT_URL.href,
    storeUrl: values.WEIR_STORE_URL,
    tenantKey: values.WEIR_TENANT_KEY,
    storeUsers: values.WEIR_STORE_USERS === 'shared' ? 'shared' : 'own',
    kubeconfig: values.KUBECONFIG,
    inCluster: host === undefined ? undefined : { host, port, ...(directory !== undefined && { directory }) },
    namespace: values.WEIR_NAMESPACE,
    leaseNamespace: values.WEIR_LEASE_NAMESPACE,
    leaseName: values.WEIR_LEASE_NAME,
    identity: values.WEIR_IDENTITY,
    publicUrl: values.WEIR_PUBLIC_URL,
    image: values.WEIR_IMAGE,
    secretAccess: values.WEIR_SECRET_ACCESS === 'tenants' ? 'tenants' : 'cluster',
    logLevel: values.WEIR_LOG_LEVEL,
    httpPort: values.WEIR_HTTP_PORT,
    httpHost: values.WEIR_HTTP_HOST,
    shutdownSeconds: values.WEIR_SHUTDOWN_SECONDS,
  }
}

/** The variables as a page shows them: a row each. */
export function operatorSettingsTable(): readonly string[] {
  return Object.entries<Field<unknown>>(operatorFields).map(
    ([name, { absent, description }]) => `| \`${name}\` | ${defaultOf(absent)} | ${description} |`,
  )
}

function defaultOf(absent: Field<unknown>['absent']): string {
  if ('mistake' in absent) return 'required'
  return typeof absent.value === 'string' || typeof absent.value === 'number' ? `\`${absent.value}\`` : ''
}

function optional<Value>(description: string, read: (text: string) => Reading<Value>): Field<Value | undefined> {
  return { description, absent: leftOut, read }
}

function readKey(text: string): Reading<string> {
  return text.length >= leastKey ? { value: text } : { mistake: `must have at least ${leastKey} characters` }
}

function readBase(text: string): Reading<string> {
  const read = readUrl(['http:', 'https:'])(text)
  return 'mistake' in read ? read : { value: text.replace(/\/+$/, '') }
}
