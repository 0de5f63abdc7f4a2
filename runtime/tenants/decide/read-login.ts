import { mongoUrlLogin, mongoUrlWith } from '../../store/mongo/decide/mongo-url.ts'

/** What leads into a namespace's part of the servers, in place of what an installation's addresses say. */
export interface TenantLogin {
  readonly username: string
  readonly password: string
  readonly vhost: string
  /** Of the store. */
  readonly database: string
  /** Whom the database knows; undefined where the Secret has the installation's own login, which all such namespaces share. */
  readonly storeUser?: { readonly username: string; readonly password: string } | undefined
}

/** The keys of its Secret. */
export const brokerKey = 'WEIR_BROKER_URL'
export const storeKey = 'WEIR_STORE_URL'

export interface SecretOfLogin {
  readonly namespace: string
  readonly data: Readonly<Record<string, unknown>>
  /** The store's address as the installation has it. */
  readonly installation: string
}

/**
 * From the addresses in a namespace's Secret. Who may write there may write any: nothing counts but who logs in and where, and that only where it is the
 * namespace's own. As the installation nobody works who does not know its login. Undefined for all else.
 */
export function readLogin({ namespace, data, installation }: SecretOfLogin): TenantLogin | undefined {
  const broker = URL.parse(textOf(data[brokerKey]))
  const storeUrl = textOf(data[storeKey])
  const database = databaseIn(storeUrl)
  if (broker === null || database === undefined) return undefined
  const [username, password, vhost] = [broker.username, broker.password, broker.pathname.slice(1)].map(decoded)
  if (username === undefined || password === undefined || vhost === undefined) return undefined
  const isOwn = vhost.startsWith(`weir.${namespace}.`) && username.startsWith(`${vhost}.`)
  if (!isOwn || !isDatabaseOf(namespace, database)) return undefined
  return withStoreUser({ username, password, vhost, database }, storeUrl, installation)
}

/** A user of the database has the broker's name for the same role. */
function withStoreUser(login: TenantLogin, url: string, installation: string): TenantLogin | undefined {
  const storeUser = mongoUrlLogin(url)
  if (storeUser?.username === login.username) return { ...login, storeUser }
  return loginText(url) === loginText(installation) ? login : undefined
}

/** Whoever a URL names, however that is encoded; nobody, too. */
function loginText(url: string): string {
  const [, named = ''] = /^[a-z+]+:\/\/(?:([^/?]*)@)?/i.exec(url) ?? []
  return JSON.stringify(mongoUrlLogin(url) ?? named)
}

/** A server's address with this login in place of any. */
export function brokerUrlWith(server: URL, { username, password, vhost }: TenantLogin): URL {
  const url = new URL(server)
  url.username = encodeURIComponent(username)
  url.password = encodeURIComponent(password)
  url.pathname = `/${encodeURIComponent(vhost)}`
  return url
}

/** The same for the store; undefined where the server's own login is to be used. */
export function storeUrlWith(server: string, { database, storeUser }: TenantLogin): string | undefined {
  return storeUser && mongoUrlWith(server, { database, login: { ...storeUser, authSource: database } })
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
