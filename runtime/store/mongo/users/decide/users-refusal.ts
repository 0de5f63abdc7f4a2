import { judgeMongoError, withoutCommand, type DriverError } from '../../decide/mongo-failure.ts'

const advice =
  'give its user the role userAdminAnyDatabase, or have the namespaces share one login with WEIR_STORE_USERS=shared'

/**
 * Why a server that answers does not let users be made; undefined for trouble of another kind. Follows on "MongoDB at HOSTS, database D".
 */
export function usersRefusal(error: DriverError): string | undefined {
  const { code } = error
  // 18: the login itself; what has no number comes from the driver, or from the way to the server.
  if (typeof code !== 'number' || code === 18) return undefined
  const { mayRepeat } = judgeMongoError(error)
  return mayRepeat || concurrentCodes.has(code)
    ? undefined
    : `does not let users be made: ${withoutCommand(error.message)} (${code}); ${advice}`
}

/** Another operator was faster: there is such a role, or user, or there is none any more. */
const concurrentCodes = new Set([31, 11, 51_002, 51_003])
