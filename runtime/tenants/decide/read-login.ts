/** What leads into a namespace's part of the servers, in place of what an installation's addresses say. */
export interface TenantLogin {
  readonly username: string
  readonly password: string
  readonly vhost: string
  /** Of the store. */
  readonly database: string
}

/** The keys of its Secret. */
export const brokerKey = 'WEIR_BROKER_URL'
export const storeKey = 'WEIR_STORE_URL'

/**
 * From the addresses in a namespace's Secret. Who may write there may write any: nothing counts but who logs in and where, and that only where it is the
 * namespace's own. Undefined for all else.
 */
export function readLogin(namespace: string, data: Readonly<Record<string, unknown>>): TenantLogin | undefined {
  const broker = URL.parse(textOf(data[brokerKey]))
  const database = databaseIn(textOf(data[storeKey]))
  if (broker === null || database === undefined) return undefined
  const [username, password, vhost] = [broker.username, broker.password, broker.pathname.slice(1)].map(decoded)
  if (username === undefined || password === undefined || vhost === undefined) return undefined
  const isOwn = vhost.startsWith(`weir.${namespace}.`) && username.startsWith(`${vhost}.`)
  return isOwn && isDatabaseOf(namespace, database) ? { username, password, vhost, database } : undefined
}

/** A server's address with this login in place of any. */
export function brokerUrlWith(server: URL, { username, password, vhost }: TenantLogin): URL {
  const url = new URL(server)
  url.username = encodeURIComponent(username)
  url.password = encodeURIComponent(password)
  url.pathname = `/${encodeURIComponent(vhost)}`
  return url
}

/** Text: a list of hosts with ports is no URL to the platform. */
function databaseIn(url: string): string | undefined {
  return /^mongodb(?:\+srv)?:\/\/[^/?]*\/([^/?]+)(?:\?|$)/.exec(url)?.[1]
}

function isDatabaseOf(namespace: string, database: string): boolean {
  const [start, rest] = [`weir-${namespace.slice(0, 40)}-`, database.slice(-12)]
  return database === `${start}${rest}` && /^[0-9a-f]{12}$/.test(rest)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // somebody's own writing
  }
}
