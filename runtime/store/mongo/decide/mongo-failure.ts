/** What of an error of the driver tells what happened. */
export interface DriverError {
  readonly name: string
  readonly message: string
  readonly code?: number | string
  readonly labels: readonly string[]
  /** Who was asked, when no server could be chosen. */
  readonly servers?: ServersSeen
}

export interface ServersSeen {
  /** The replica set that the URL names. */
  readonly setName?: string
  readonly incompatible?: string
  readonly seen: readonly { readonly address: string; readonly kind: string; readonly error?: string }[]
}

export interface MongoFailure {
  readonly code: MongoFailureCode
  /** Follows on "MongoDB at HOSTS, database D". */
  readonly what: string
  /** The same call may succeed now or in a moment, or has already. */
  readonly mayRepeat: boolean
}

export type MongoFailureCode =
  | 'StoreUnreachable'
  | 'StoreUnavailable'
  | 'StoreLoginRefused'
  | 'StoreAccessRefused'
  | 'StoreNotReplicaSet'
  | 'StoreTooOld'
  | 'StoreTlsError'
  | 'StoreUrlInvalid'
  | 'StoreDocumentRefused'
  | 'StoreFull'
  | 'StoreClosed'

interface Rule {
  readonly holds: (error: DriverError) => boolean
  readonly failure: (error: DriverError) => MongoFailure
}

/** Error codes of the server: elections, shutdowns, time limits, conflicts, an upsert that lost a race. */
const passingCodes = new Set<unknown>([
  6, 7, 24, 43, 50, 64, 89, 91, 100, 112, 133, 134, 189, 262, 358, 9001, 10058, 10107, 11000, 11600, 11602, 13435,
  13436,
])
/** A document that is too large or does not pass the collection's validation. */
const refusedCodes = new Set<unknown>([2, 121, 10334, 17280, 17419, 17420])

const rules: readonly Rule[] = [
  {
    holds: ({ name }) => /Closed|NotConnected|ExpiredSession/.test(name) && !/PoolClosed/.test(name),
    failure: () => ({ code: 'StoreClosed', what: 'was closed by this process', mayRepeat: false }),
  },
  {
    holds: ({ name, message, servers }) =>
      servers?.incompatible !== undefined || (name === 'MongoCompatibilityError' && /wire version/.test(message)),
    failure: ({ message, servers }) => lasting('StoreTooOld', `is too old: ${servers?.incompatible ?? message}`),
  },
  {
    holds: isTlsTrouble,
    failure: ({ message }) =>
      lasting('StoreTlsError', `cannot be spoken to by TLS: ${message}; check the certificates and the port`),
  },
  { holds: ({ servers }) => servers !== undefined, failure: ({ message, servers }) => unselectable(message, servers) },
  {
    holds: ({ code, message }) =>
      code === 18 || code === 8000 || (code === 13 && /requires authentication/.test(message)),
    failure: ({ code }) =>
      lasting(
        'StoreLoginRefused',
        code === 13
          ? 'wants a login: put user and password into the URL'
          : 'refused the login: check user, password and authSource',
      ),
  },
  {
    holds: ({ code }) => code === 13,
    failure: ({ message }) =>
      lasting('StoreAccessRefused', `refused: ${withoutCommand(message)}; give the user the role readWrite on it`),
  },
  {
    holds: ({ name }) => name === 'MongoParseError' || name === 'MongoMissingCredentialsError',
    failure: ({ message }) => lasting('StoreUrlInvalid', `cannot be spoken to: ${message}; correct the URL`),
  },
  {
    holds: ({ code, name }) =>
      refusedCodes.has(code) || name === 'BSONError' || name === 'BSONRuntimeError' || code === 'ERR_OUT_OF_RANGE',
    failure: ({ message }) => lasting('StoreDocumentRefused', `does not take the document: ${message}`),
  },
  {
    holds: ({ code }) => code === 14031,
    failure: () => ({ code: 'StoreFull', what: 'has no room left on its disk', mayRepeat: false }),
  },
  {
    holds: ({ name }) => /Network|PoolCleared|WaitQueueTimeout|ServerSelection/.test(name),
    failure: ({ message }) => ({ code: 'StoreUnreachable', what: `cannot be reached: ${message}`, mayRepeat: true }),
  },
]

/** Whatever is not known may pass, but is not tried again at once. */
export function judgeMongoError(error: DriverError): MongoFailure {
  const rule = rules.find(({ holds }) => holds(error))
  if (rule !== undefined) return rule.failure(error)
  const mayRepeat = passingCodes.has(error.code) || error.labels.includes('RetryableWriteError')
  return { code: 'StoreUnavailable', what: `failed: ${error.message}`, mayRepeat }
}

/** The server repeats what it refuses, with all that is in it. */
export function withoutCommand(message: string): string {
  return message.replace(/ to execute command \{ (\w+):.*/s, ' to execute $1')
}

function lasting(code: MongoFailureCode, what: string): MongoFailure {
  return { code, what, mayRepeat: false }
}

function isTlsTrouble({ name, message }: DriverError): boolean {
  return (
    /Network|ServerSelection/.test(name) &&
    /certificate|self[- ]signed|SSL routines|TLS|wrong version number/i.test(message)
  )
}

function unselectable(message: string, servers: ServersSeen | undefined): MongoFailure {
  const { setName, seen = [] } = servers ?? {}
  if (seen.some(({ kind }) => kind === 'RSGhost')) {
    return lasting('StoreNotReplicaSet', 'belongs to a replica set that was never begun: run rs.initiate() there')
  }
  if (seen.length === 0 && setName !== undefined) {
    const todo = 'start it with --replSet and run rs.initiate(), or correct replicaSet in the URL'
    return lasting('StoreNotReplicaSet', `is no member of the replica set "${setName}": ${todo}`)
  }
  const trouble = seen.find(({ error }) => error !== undefined)?.error
  const what =
    trouble === undefined && seen.some(({ kind }) => kind.startsWith('RS'))
      ? 'has no primary now: an election, or too few members that run'
      : `cannot be reached: ${trouble ?? message}; is it running, and are host and port right?`
  return { code: 'StoreUnreachable', what, mayRepeat: true }
}
