import { retryExchange, stepsExchange } from '../../amqp/decide/plan-topology.ts'

/** What a process is to the broker; each has a user of its own in each vhost. */
export const brokerRoles = ['operator', 'runner', 'gateway', 'scheduler', 'recorder'] as const
export type BrokerRole = (typeof brokerRoles)[number]

/** A namespace's part of the broker: all that is in it, and who may do what there. */
export interface VhostPlan {
  readonly vhost: string
  readonly users: readonly VhostUser[]
  readonly policies: readonly VhostPolicy[]
}

export interface VhostUser {
  readonly name: string
  readonly password: string
  readonly permissions: Permissions
}

/** Regular expressions over the names of exchanges and queues. */
export interface Permissions {
  readonly configure: string
  readonly write: string
  readonly read: string
}

export interface VhostPolicy {
  readonly name: string
  readonly pattern: string
  readonly definition: Readonly<Record<string, string | number>>
  readonly priority: number
}

export interface VhostWish {
  readonly namespace: string
  /** The namespace's uid: one that is deleted and made again finds nothing of the old one. */
  readonly uid: string
  readonly passwords: Readonly<Record<BrokerRole, string>>
}

export function planVhost({ namespace, uid, passwords }: VhostWish): VhostPlan {
  const vhost = vhostName(namespace, uid)
  return {
    vhost,
    policies: vhostPolicies,
    users: brokerRoles.map((role) => ({
      name: userName(vhost, role),
      password: passwords[role],
      permissions: rolePermissions[role],
    })),
  }
}

export function vhostName(namespace: string, uid: string): string {
  return `weir.${namespace}.${uid}`
}

/** Users are the whole server's. */
export function userName(vhost: string, role: BrokerRole): string {
  return `${vhost}.${role}`
}

const nothing = '^$'
/** What `queueName` gives, whichever flow and step. */
const stepQueue = String.raw`.+\.[^.]+\.[0-9a-f]{12}\.[1-9][0-9]*`
const rung = String.raw`delay\.v1\.[0-9]+`
const reply = String.raw`reply\..+`

/**
 * To publish is to write to an exchange, to consume is to read a queue. To bind is to write to the queue and to read the exchange; a queue with a
 * dead-letter exchange is declared by who may read it and write there.
 */
const rolePermissions: Readonly<Record<BrokerRole, Permissions>> = {
  // Declares, binds, retires and empties all that is in the vhost.
  operator: { configure: '.*', write: '.*', read: '.*' },
  // Consumes steps, sends on, and declares the rungs that nobody has needed before.
  runner: {
    configure: exactly(rung),
    write: exactly(stepsExchange, retryExchange, rung),
    read: exactly(rung, stepQueue),
  },
  // Starts runs, and gets replies by queues of its own, which it binds to `steps`.
  gateway: { configure: exactly(reply), write: exactly(stepsExchange, reply), read: exactly(stepsExchange, reply) },
  // Starts runs.
  scheduler: { configure: nothing, write: exactly(stepsExchange), read: nothing },
  // Takes what is to be kept, and sends on what has lost its queue.
  recorder: { configure: nothing, write: exactly(stepsExchange), read: exactly('dead', 'events', 'unrouted') },
}

function exactly(...patterns: readonly string[]): string {
  return `^(${patterns.join('|')})$`
}

/** Only one policy counts for a queue, that of the highest priority: ours keep those of others away from what messages rest on. */
const priority = 1000
const mebibyte = 2 ** 20

/** Fixed: writing one takes the longer the more queues there are. They say nothing that the queues' arguments contradict. */
export const vhostPolicies: readonly VhostPolicy[] = [
  {
    name: 'weir-messages',
    pattern: exactly('dead', 'unrouted', stepQueue),
    definition: { 'delivery-limit': 1_000_000_000 },
    priority,
  },
  { name: 'weir-rungs', pattern: exactly(rung), definition: { 'dead-letter-strategy': 'at-least-once' }, priority },
  { name: 'weir-events', pattern: exactly('events'), definition: { 'max-length-bytes': 128 * mebibyte }, priority },
  { name: 'weir-replies', pattern: exactly(reply), definition: { 'max-length-bytes': 64 * mebibyte }, priority },
]
