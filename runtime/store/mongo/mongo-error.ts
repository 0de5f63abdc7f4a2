import { PermanentError, TransientError } from '../../error.ts'
import { storeClosed } from '../store-closed.ts'
import type { DriverError, MongoFailure, ServersSeen } from './decide/mongo-failure.ts'
import { judgeMongoError } from './decide/mongo-failure.ts'
import { usersRefusal } from './users/decide/users-refusal.ts'

/** Shown in place of the URL, which may hold a password. */
export interface MongoPlace {
  readonly hosts: readonly string[]
  readonly database: string
  /** Texts that must not be shown. */
  readonly secrets: readonly string[]
}

export function placeName({ hosts, database }: Pick<MongoPlace, 'hosts' | 'database'>): string {
  return `MongoDB at ${hosts.join(', ')}, database "${database}"`
}

/** @param error of the driver */
export function failureOf(error: unknown): MongoFailure {
  return judgeMongoError(driverError(error))
}

/**
 * While a store works, only a document that it will never take is permanent: what an administrator can mend must not cost
 * a message its life.
 */
export function storeError(place: MongoPlace, failure: MongoFailure, cause?: unknown): PermanentError | TransientError {
  if (failure.code === 'StoreClosed') return storeClosed()
  return openingError(place, failure, cause, failure.code === 'StoreDocumentRefused')
}

/** What keeps a store from being opened; permanent where only somebody's deed helps. */
export function openingError(
  place: MongoPlace,
  { code, what }: MongoFailure,
  cause?: unknown,
  isPermanent = isLasting(code),
): PermanentError | TransientError {
  const message = `${placeName(place)} ${withoutSecrets(place, what)}`
  // One that could not choose a server carries all it knows of the cluster, and one that was refused what it had to write.
  const isTelling = cause instanceof Error && !('reason' in cause) && code !== 'StoreAccessRefused'
  const options = isTelling ? { cause } : {}
  return isPermanent ? new PermanentError(code, message, options) : new TransientError(code, message, options)
}

/** Of a server that answers and does not let users be made; undefined for trouble of another kind. */
export function usersError(place: MongoPlace, error: unknown): PermanentError | undefined {
  const what = usersRefusal(driverError(error))
  if (what === undefined) return undefined
  // Without its cause: what was refused has passwords in it.
  return new PermanentError(storeUsersRefused, `${placeName(place)} ${withoutSecrets(place, what)}`)
}

export const storeUsersRefused = 'StoreUsersRefused'

export function isDuplicateKey(error: unknown): boolean {
  return codeOf(error) === 11_000
}

function isLasting(code: MongoFailure['code']): boolean {
  return !['StoreUnreachable', 'StoreUnavailable', 'StoreFull', 'StoreClosed'].includes(code)
}

function withoutSecrets({ secrets }: MongoPlace, text: string): string {
  return secrets.reduce((shown, secret) => (secret === '' ? shown : shown.replaceAll(secret, '***')), text)
}

function driverError(error: unknown): DriverError {
  if (!(error instanceof Error)) return { name: 'Unknown', message: String(error), labels: [] }
  const { name, message } = error
  const code = codeOf(error)
  const labels = 'errorLabels' in error && Array.isArray(error.errorLabels) ? error.errorLabels.map(String) : []
  const servers = serversOf(error)
  return { name, message, labels, ...(code !== undefined && { code }), ...(servers && { servers }) }
}

function codeOf(error: unknown): number | string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'number' || typeof error.code === 'string' ? error.code : undefined
}

/** The driver's `TopologyDescription`, as far as it is read here. */
interface Topology {
  readonly setName?: string | null
  readonly compatible?: boolean
  readonly compatibilityError?: string
  readonly servers: ReadonlyMap<
    string,
    { readonly address: string; readonly type: string; readonly error?: Error | null }
  >
}

function serversOf(error: Error): ServersSeen | undefined {
  if (!('reason' in error)) return undefined
  const topology = error.reason as Partial<Topology> | undefined // the driver's, looked at with care
  return topology?.servers instanceof Map ? serversSeen(topology as Topology) : undefined
}

export function serversSeen({ setName, compatible, compatibilityError, servers }: Topology): ServersSeen {
  return {
    ...(setName && { setName }),
    ...(compatible === false && { incompatible: compatibilityError ?? 'its protocol is not known any more' }),
    seen: [...servers.values()].map(({ address, type, error }) => ({
      address,
      kind: type,
      ...(error && { error: error.message }),
    })),
  }
}

/** The driver's `MongoBulkWriteError`, as far as it is read here. */
interface BulkWriteError {
  readonly writeErrors?: unknown
  readonly result?: { readonly getWriteConcernError?: () => unknown }
}

/** Of a write of many: everything that is missing is there already. */
export function isOnlyDuplicates(error: unknown): boolean {
  if (!isDuplicateKey(error)) return false
  const { writeErrors, result } = error as BulkWriteError // looked at with care
  // What was written beside them is not with a majority yet.
  if (result?.getWriteConcernError?.()) return false
  const all = writeErrors === undefined ? [] : [writeErrors].flat()
  return all.every((one) => (one as { readonly code?: unknown }).code === 11_000) // looked at with care
}
