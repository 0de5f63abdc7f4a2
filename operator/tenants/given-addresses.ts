import type { TenantConnection } from '../pools/decide/pool-wish.ts'
import { roleSecretName } from './tenant-secrets.ts'

/** Where pods of a namespace find its addresses. */
export interface GivenAddresses {
  /** Writes them as they are then: who asks while it is being done has it done again after that, so what is newer is never written over. */
  readonly give: () => Promise<void>
  /** Undefined before they were given. */
  readonly connection: () => TenantConnection | undefined
}

export interface GivenAddressesParts {
  /** Gives another text for other addresses, and undefined where there are none to be had now. Must not reject. */
  readonly apply: () => Promise<string | undefined>
  /** They are others now: whoever has read the old ones must start anew. Must not throw. */
  readonly onChange: () => void
}

export function openGivenAddresses({ apply, onChange }: GivenAddressesParts): GivenAddresses {
  let version: string | undefined
  let giving = Promise.resolve()
  const giveNow = async (): Promise<void> => {
    const before = version
    version = (await apply()) ?? version
    if (version !== before) onChange()
  }
  return {
    give: () => (giving = giving.then(giveNow)),
    connection: () => (version === undefined ? undefined : connectionOf(version)),
  }
}

function connectionOf(version: string): TenantConnection {
  const keys = { brokerKey: 'WEIR_BROKER_URL', storeKey: 'WEIR_STORE_URL' }
  return { secret: roleSecretName('runner'), ...keys, version }
}
