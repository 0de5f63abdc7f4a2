import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Db } from 'mongodb'
import { z } from 'zod'
import { mongoRetention } from '../../retention.ts'
import { connectMongo, placeOf, type MongoServerOptions } from '../connect-mongo.ts'
import { createIndexes } from '../indexes.ts'
import { usersError } from '../mongo-error.ts'
import type { PlannedRole, PlannedUser, StoreUsersPlan } from './decide/plan-store-users.ts'
import {
  storeUserChanges,
  type ObservedRole,
  type ObservedStoreUsers,
  type ObservedUser,
  type StoreUserChange,
} from './decide/store-user-changes.ts'

export interface StoreUsersParts extends Omit<MongoServerOptions, 'database' | 'patience'> {
  /** Begins the names of all users of the plan, and of those that older versions have made for the same database. */
  readonly prefix: string
  /** What was found out about passwords, for the next time: to know one again takes some milliseconds of a core. */
  readonly known: KnownPasswords
}

/** By the user's name: what the server keeps in place of the password that is the plan's. */
export type KnownPasswords = Map<string, string>

/**
 * Makes the database have what the plan says, and the indexes that its users may not make; gives what had to be changed. Safe to repeat, and at once with
 * another.
 *
 * @throws {PermanentError} `StoreUsersRefused`: the server answers, and does not let users be made; else as `connectMongo` without patience
 * @throws {TransientError} as `connectMongo`
 */
export async function provisionStoreUsers(
  parts: StoreUsersParts,
  plan: StoreUsersPlan,
): Promise<readonly StoreUserChange[]> {
  let changes: readonly StoreUserChange[] = []
  await withDatabase(parts, plan, async (database) => {
    await createIndexes(database, { retention: mongoRetention, log: parts.log })
    await orRefusal(parts, plan, async () => {
      changes = storeUserChanges(plan, await observe(database, plan, parts), parts.prefix)
      // One by one: a user must have its role.
      for (const one of changes) await enact(database, one)
    })
  })
  return changes
}

/** Drops the users and roles of the plan, and nothing else. Safe to repeat. Throws as `provisionStoreUsers`. */
export async function removeStoreUsers(parts: StoreUsersParts, plan: StoreUsersPlan): Promise<void> {
  await withDatabase(parts, plan, (database) =>
    orRefusal(parts, plan, async () => {
      const none = { ...plan, users: [], roles: [] }
      for (const one of storeUserChanges(none, await observe(database, none, parts), parts.prefix))
        await enact(database, one)
    }),
  )
}

async function withDatabase(
  parts: StoreUsersParts,
  { database }: StoreUsersPlan,
  work: (database: Db) => Promise<void>,
): Promise<void> {
  const { release } = await connectMongo({ ...parts, database, patience: 'fail' }, work)
  await release()
}

async function orRefusal(
  parts: StoreUsersParts,
  { database, users }: StoreUsersPlan,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    const place = placeOf({ ...parts, database })
    const secrets = [...place.secrets, ...users.map(({ password }) => password)]
    throw usersError({ ...place, secrets }, error) ?? error
  }
}

const roleName = z.object({ role: z.string(), db: z.string() })
const foundRoles = z.object({
  roles: z.array(
    z.object({
      role: z.string(),
      roles: z.array(roleName),
      privileges: z.array(
        z.object({
          resource: z.object({ db: z.string().optional(), collection: z.string().optional() }),
          actions: z.array(z.string()),
        }),
      ),
    }),
  ),
})
const credential = z.object({ iterationCount: z.number(), salt: z.string(), storedKey: z.string() })
const mechanism = 'SCRAM-SHA-256'
const foundUsers = z.object({
  users: z.array(
    z.object({
      user: z.string(),
      roles: z.array(roleName),
      credentials: z.object({ [mechanism]: credential.optional() }).optional(),
    }),
  ),
})
type FoundUser = z.infer<typeof foundUsers>['users'][number]

async function observe(
  database: Db,
  { users: planned }: StoreUsersPlan,
  { known }: StoreUsersParts,
): Promise<ObservedStoreUsers> {
  const { roles } = foundRoles.parse(await database.command({ rolesInfo: 1, showPrivileges: true }))
  const { users } = foundUsers.parse(await database.command({ usersInfo: 1, showCredentials: true }))
  const observed: ObservedUser[] = []
  // One by one: a core is not to be filled by it.
  for (const found of users) {
    const password = planned.find(({ name }) => name === found.user)?.password
    observed.push({
      name: found.user,
      roles: found.roles.map(({ role: name, db }) => ({ name, database: db })),
      hasPassword: password !== undefined && (await hasPassword(found, password, known)),
    })
  }
  return { users: observed, roles: roles.map(observedRole) }
}

function observedRole({ role, roles, privileges }: z.infer<typeof foundRoles>['roles'][number]): ObservedRole {
  return {
    name: role,
    inherits: roles.length > 0,
    privileges: privileges.map(({ resource: { db = '*', collection = '*' }, actions }) => ({
      database: db,
      collection,
      actions,
    })),
  }
}

const derive = promisify(pbkdf2)

/** As RFC 5802 has it: the server keeps a hash of a key that is made of the password. A password that is ASCII needs no preparing. */
async function hasPassword(
  { user, credentials }: FoundUser,
  password: string,
  known: KnownPasswords,
): Promise<boolean> {
  const kept = credentials?.[mechanism]
  if (kept === undefined) return false
  const text = [createHash('sha256').update(password).digest('base64'), kept.salt, kept.storedKey].join(' ')
  if (known.get(user) === text) return true
  const salted = await derive(password, Buffer.from(kept.salt, 'base64'), kept.iterationCount, 32, 'sha256')
  const stored = createHash('sha256').update(createHmac('sha256', salted).update('Client Key').digest()).digest()
  const expected = Buffer.from(kept.storedKey, 'base64')
  if (expected.length !== stored.length || !timingSafeEqual(expected, stored)) return false
  known.set(user, text)
  return true
}

async function enact(database: Db, change: StoreUserChange): Promise<void> {
  switch (change.kind) {
    case 'createRole':
      return run(database, { createRole: change.role.name, ...roleOf(database, change.role) })
    case 'updateRole':
      return run(database, { updateRole: change.role.name, ...roleOf(database, change.role) })
    case 'createUser':
      return run(database, { createUser: change.user.name, ...userOf(database, change.user) })
    case 'updateUser':
      return run(database, { updateUser: change.user.name, ...userOf(database, change.user) })
    case 'dropUser':
      return run(database, { dropUser: change.name })
    case 'dropRole':
      return run(database, { dropRole: change.name })
  }
}

async function run(database: Db, command: Readonly<Record<string, unknown>>): Promise<void> {
  await database.command({ ...command, writeConcern: { w: 'majority' } })
}

function roleOf({ databaseName: db }: Db, { privileges }: PlannedRole): Readonly<Record<string, unknown>> {
  return {
    privileges: privileges.map(({ collection, actions }) => ({ resource: { db, collection }, actions })),
    roles: [],
  }
}

function userOf({ databaseName: db }: Db, { password, role }: PlannedUser): Readonly<Record<string, unknown>> {
  return { pwd: password, roles: [{ role, db }], mechanisms: [mechanism] }
}
