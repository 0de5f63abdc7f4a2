import { shareMongo, type SharedMongo } from '../store/mongo/connect-mongo.ts'
import { storeUrlWith, type TenantLogin } from './decide/read-login.ts'

export interface StoreOfLogin {
  readonly url: string
  /** Closed with the stack, where it is the login's own. */
  readonly mongo: SharedMongo
}

export interface InstallationStore {
  readonly url: string
  readonly mongo: SharedMongo
  /** What the server shows of the connections. */
  readonly applicationName: string
}

/** A client can log in as one user only: a namespace with users of its own has one of its own, all others share the installation's. */
export function storeOfLogin(
  { url, mongo, applicationName }: InstallationStore,
  login: TenantLogin,
  opened: AsyncDisposableStack,
): StoreOfLogin {
  const own = storeUrlWith(url, login)
  if (own === undefined) return { url, mongo }
  const client = shareMongo({ url: own, applicationName, isOneOfMany: true })
  opened.defer(client.close)
  return { url: own, mongo: client }
}
