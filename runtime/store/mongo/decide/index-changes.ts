/** An index, as one asks for it. */
export interface Index {
  /** In the order that counts. */
  readonly key: Readonly<Record<string, 1 | -1>>
  readonly unique?: boolean
  readonly expireAfterSeconds?: number
  readonly partialFilterExpression?: Readonly<Record<string, unknown>>
}

/** One that is there, as the server tells it. */
export interface KnownIndex {
  readonly key: unknown
  readonly unique?: unknown
  readonly expireAfterSeconds?: unknown
  readonly partialFilterExpression?: unknown
}

export interface IndexChanges {
  /** Not there, or otherwise than asked for. */
  readonly missing: readonly Index[]
  /** There, with another time to live. */
  readonly outdated: readonly Index[]
}

export function indexChanges(wanted: readonly Index[], known: readonly KnownIndex[]): IndexChanges {
  const absent = wanted.filter((index) => !known.some((one) => textOf(one) === textOf(index)))
  const isOutdated = (index: Index): boolean =>
    index.expireAfterSeconds !== undefined &&
    known.some((one) => one.expireAfterSeconds !== undefined && exceptLifetime(one) === exceptLifetime(index))
  return {
    missing: absent.filter((index) => !isOutdated(index)),
    outdated: absent.filter(isOutdated),
  }
}

function textOf(index: KnownIndex): string {
  return JSON.stringify([exceptLifetime(index), index.expireAfterSeconds])
}

function exceptLifetime({ key, unique, partialFilterExpression }: KnownIndex): string {
  return JSON.stringify([key, unique === true, partialFilterExpression])
}
