import { createHmac, hash } from 'node:crypto'
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
  const vhost = vhostName(tenant.namespace, tenant.uid)
  const password = (role: BrokerRole): string =>
    createHmac('sha256', key)
      .update(`weir broker ${userName(vhost, role)}`)
      .digest('base64url')
  return Object.fromEntries(brokerRoles.map((role) => [role, password(role)])) as Record<BrokerRole, string> // of every role
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
 * The store's URL with this database. Who logs in does so against the database that the URL named before, else `admin`, as the driver takes it.
 *
 * @param url `mongodb://…` with any number of hosts, or `mongodb+srv://…`
 */
export function storeUrlOf(url: string, database: string): string {
  // Not a URL to the platform: there may be several hosts. Whatever login there is ends at the last @ before the first slash.
  const [, head = '', named = '', query = ''] = /^([a-z+]+:\/\/[^/?]*)\/?([^?]*)\??(.*)$/i.exec(url) ?? []
  const hasLogin = head.slice(head.indexOf('://') + 3).includes('@')
  const options = query.split('&').filter((option) => option !== '')
  const isTold = options.some((option) => /^authSource=/i.test(option))
  if (hasLogin && !isTold) options.push(`authSource=${named === '' ? 'admin' : named}`)
  return `${head}/${database}${options.length === 0 ? '' : `?${options.join('&')}`}`
}
