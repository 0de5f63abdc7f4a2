import { createHmac, hash } from 'node:crypto'
import { mongoUrlWith } from '../../runtime/store/mongo/decide/mongo-url.ts'
import { brokerRoles, userName, vhostName, type BrokerRole } from '../../runtime/broker/management/decide/plan-vhost.ts'

/** A namespace, by what tells it from one of the same name that was deleted before. */
export interface TenantId {
  readonly namespace: string
  readonly uid: string
}

/**
 * The MongoDB database of a namespace: at most 58 characters, of those that a namespace's name may have. Two namespaces never share one, nor do two of
 * the same name, one after the other.
 */
export function databaseName({ namespace, uid }: TenantId): string {
  return `weir-${namespace.slice(0, 40)}-${hash('sha256', `${namespace}/${uid}`, 'hex').slice(0, 12)}`
}

/**
 * Passwords of the users of a namespace's vhost: the same for the same key, so that nobody has to keep them, and of no use to find the key or each other.
 *
 * @param key secret, at least as long as a good password
 */
export function rolePasswords(tenant: TenantId, key: string): Readonly<Record<BrokerRole, string>> {
  return passwordsFor('broker', tenant, key)
}

/** Who a role of a namespace is to the store: of the same name as at the broker, with another password. */
export function storeLogins(tenant: TenantId, key: string): Readonly<Record<BrokerRole, StoreLogin>> {
  const passwords = passwordsFor('store', tenant, key)
  const entries = brokerRoles.map((role) => [role, { name: roleUser(tenant, role), password: passwords[role] }])
  return Object.fromEntries(entries) as Record<BrokerRole, StoreLogin> // of every role
}

export interface StoreLogin {
  readonly name: string
  readonly password: string
}

function passwordsFor(server: 'broker' | 'store', tenant: TenantId, key: string): Readonly<Record<BrokerRole, string>> {
  const password = (role: BrokerRole): string =>
    createHmac('sha256', key)
      .update(`weir ${server} ${roleUser(tenant, role)}`)
      .digest('base64url')
  return Object.fromEntries(brokerRoles.map((role) => [role, password(role)])) as Record<BrokerRole, string> // of every role
}

function roleUser({ namespace, uid }: TenantId, role: BrokerRole): string {
  return userName(vhostName(namespace, uid), role)
}

/** What the names of all users of a namespace begin with. */
export function userPrefix({ namespace, uid }: TenantId): string {
  return `${vhostName(namespace, uid)}.`
}

/** The broker's URL as one role of a namespace sees it: its own user, password and vhost in place of any. */
export function brokerUrlOf(server: URL, tenant: TenantId, { role, password }: RoleLogin): string {
  const vhost = vhostName(tenant.namespace, tenant.uid)
  const url = new URL(server)
  url.username = encodeURIComponent(userName(vhost, role))
  url.password = encodeURIComponent(password)
  url.pathname = `/${encodeURIComponent(vhost)}`
  return url.href
}

export interface RoleLogin {
  readonly role: BrokerRole
  readonly password: string
}

/**
 * The store's URL as one role of a namespace sees it: its own user, whom its own database knows, in place of any.
 *
 * @param server with any number of hosts; without a login its own stays, and only the database is another
 */
export function storeUrlOf(server: string, tenant: TenantId, login: StoreLogin | undefined): string {
  const database = databaseName(tenant)
  if (login === undefined) return mongoUrlWith(server, { database })
  const { name: username, password } = login
  return mongoUrlWith(server, { database, login: { username, password, authSource: database } })
}
