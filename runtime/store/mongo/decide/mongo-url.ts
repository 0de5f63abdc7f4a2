export interface MongoUrl {
  /** With their ports where it has them. */
  readonly hosts: readonly string[]
  readonly database?: string
  /** Texts that must not be shown: user, password, the whole URL. */
  readonly secrets: readonly string[]
}

/**
 * What of a URL may be shown, and what may not: `mongodb://user:password@host:port,host:port/database?options`. Reads even what
 * the driver refuses, since that must be told without its password too.
 */
export function readMongoUrl(url: string): MongoUrl {
  const rest = url.replace(/^[a-z+]*:\/\//i, '')
  // A password may hold a "/" or a "?" that somebody forgot to encode; options hold no "@".
  const at = rest.lastIndexOf('@')
  const [, hosts = '', database = ''] = /^([^/?]*)\/?([^?]*)/.exec(rest.slice(at + 1)) ?? []
  const known = hosts.split(',').filter((host) => host !== '')
  return {
    hosts: known.length === 0 ? ['no host'] : known,
    ...(database !== '' && { database: decoded(database) }),
    secrets: [url, ...loginTexts(rest.slice(0, Math.max(0, at)))].filter((text) => text !== ''),
  }
}

function loginTexts(login: string): readonly string[] {
  const colon = login.indexOf(':')
  const password = colon === -1 ? '' : login.slice(colon + 1)
  return [login, password, decoded(password)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export interface MongoUrlChange {
  readonly database: string
  /** In place of whoever the URL names: against which database it logs in. Without it the URL's own stays. */
  readonly login?: MongoLogin | undefined
}

export interface MongoLogin {
  readonly username: string
  readonly password: string
  readonly authSource: string
}

/** How one logs in: none of these is right for another user. */
const loginOptions = /^auth(?:Source|Mechanism|MechanismProperties)=/i
const sourceOption = /^authSource=/i

/**
 * The same servers with the same options, another database, and another login if one is given. A login that stays is checked against the database that the
 * URL named before, else `admin`, as the driver takes it.
 *
 * @param url `mongodb://…` with any number of hosts, or `mongodb+srv://…`
 */
export function mongoUrlWith(url: string, { database, login }: MongoUrlChange): string {
  // Not a URL to the platform: there may be several hosts. Whatever login there is ends at the last @ before the first slash.
  const [, scheme = '', head = '', named = '', query = ''] =
    /^([a-z+]+:\/\/)([^/?]*)\/?([^?]*)\??(.*)$/i.exec(url) ?? []
  const hosts = head.slice(head.lastIndexOf('@') + 1)
  const given = query.split('&').filter((option) => option !== '')
  const path = `/${encodeURIComponent(database)}`
  if (login !== undefined) {
    const user = `${encodeURIComponent(login.username)}:${encodeURIComponent(login.password)}`
    const options = given.filter((option) => !loginOptions.test(option))
    return withOptions(`${scheme}${user}@${hosts}${path}`, [
      ...options,
      `authSource=${encodeURIComponent(login.authSource)}`,
    ])
  }
  const isTold = hosts === head || given.some((option) => sourceOption.test(option))
  return withOptions(
    `${scheme}${head}${path}`,
    isTold ? given : [...given, `authSource=${named === '' ? 'admin' : named}`],
  )
}

function withOptions(address: string, options: readonly string[]): string {
  return options.length === 0 ? address : `${address}?${options.join('&')}`
}

/** Who logs in, as the URL has it; undefined without a user. */
export function mongoUrlLogin(url: string): Pick<MongoLogin, 'username' | 'password'> | undefined {
  const [, username, password] = /^[a-z+]+:\/\/([^:@/?]+):([^@/?]*)@/i.exec(url) ?? []
  if (username === undefined || password === undefined) return undefined
  return { username: decoded(username), password: decoded(password) }
}
