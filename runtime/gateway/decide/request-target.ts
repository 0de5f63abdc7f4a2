/** Where a request goes: its path in decoded segments, and its query. */
export type RequestTarget =
  | {
      readonly kind: 'target'
      /** Decoded; `/a/b%2Fc/` is `['a', 'b/c']`. */
      readonly segments: readonly string[]
      /** As sent, from the first `/`. */
      readonly path: string
      readonly query: Query
    }
  | { readonly kind: 'invalid'; readonly message: string }

/** A parameter that comes several times is a list. */
export type Query = Readonly<Record<string, string | readonly string[]>>

/** Reads the request line's target, as `/a/b?c=d` or with scheme and host before it. Never throws. */
export function parseTarget(url: string): RequestTarget {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '')
  const [path, search = ''] = splitOnce(splitOnce(target, '#')[0], '?')
  if (!path.startsWith('/')) return { kind: 'invalid', message: 'the path has to start with /' }
  const segments: string[] = []
  for (const part of path.slice(1).replace(/\/$/, '').split('/')) {
    const segment = decoded(part)
    if (segment === undefined) return { kind: 'invalid', message: 'the path is not percent-encoded UTF-8' }
    if (segment === '.' || segment === '..' || segment.includes('\0')) {
      return { kind: 'invalid', message: 'the path has a segment that is not allowed' }
    }
    segments.push(segment)
  }
  return { kind: 'target', segments, path, query: parseQuery(search) }
}

/** Parameters of a query or a form, in the form of `Query`. */
export function parseQuery(text: string): Query {
  const values = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(text)) {
    const known = values.get(name)
    if (known === undefined) values.set(name, [value])
    else known.push(value)
  }
  // Not by assignment: a parameter may be named __proto__.
  return Object.fromEntries(
    [...values].map(([name, [first = '', ...more]]) => [name, more.length === 0 ? first : [first, ...more]]),
  )
}

/** The target without a parameter of its query, the rest as it was sent. */
export function withoutParameter(url: string, name: string): string {
  const [path, search] = splitOnce(url, '?')
  if (search === undefined) return url
  const kept = search.split('&').filter((pair) => !new URLSearchParams(pair).has(name))
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`
}

function splitOnce(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined // not UTF-8
  }
}
