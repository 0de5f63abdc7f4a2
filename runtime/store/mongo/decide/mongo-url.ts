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
