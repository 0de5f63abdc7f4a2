/** Who works in pods of a namespace; each has a login of its own to the namespace's database. */
export const storeRoles = ['runner', 'gateway', 'scheduler', 'recorder'] as const
export type StoreRole = (typeof storeRoles)[number]

/** Who may do what in a database of MongoDB. */
export interface StoreUsersPlan {
  readonly database: string
  /** Their names begin with `weir-`. */
  readonly roles: readonly PlannedRole[]
  readonly users: readonly PlannedUser[]
}

export interface PlannedRole {
  readonly name: string
  readonly privileges: readonly StorePrivilege[]
}

/** In one collection of the database, or in all with an empty name. */
export interface StorePrivilege {
  readonly collection: string
  readonly actions: readonly string[]
}

export interface PlannedUser {
  readonly name: string
  readonly password: string
  /** The only one that it has. */
  readonly role: string
}

export interface StoreUsersWish {
  readonly database: string
  readonly logins: Readonly<Record<StoreRole, { readonly name: string; readonly password: string }>>
}

/**
 * Users and roles are the database's own, not `admin`'s: the server itself keeps such a role from having anything in another database, and two namespaces
 * can have nobody in common.
 */
export function planStoreUsers({ database, logins }: StoreUsersWish): StoreUsersPlan {
  return {
    database,
    roles: storeRoles.map((role) => ({ name: storeRoleName(role), privileges: privilegesOf(role) })),
    users: storeRoles.map((role) => ({ ...logins[role], role: storeRoleName(role) })),
  }
}

export function storeRoleName(role: StoreRole): string {
  return `weir-${role}`
}

const read = ['find']
/** What is only ever added to. */
const add = ['find', 'insert']
const change = ['find', 'insert', 'update']
const all = ['find', 'insert', 'remove', 'update']

/** Large bodies of messages; the server forgets them. */
const bodies = { 'blobs.files': change, 'blobs.chunks': change }
const tracked = { trackedRuns: change, trackedMessages: all }

/** Whoever opens a store looks whether its indexes are there, which the operator makes, and asks for its health in `flows`. */
const collections: Readonly<Record<StoreRole, Readonly<Record<string, readonly string[]>>>> = {
  // Works on messages: cursors, claims, the ends of runs, rate budgets, and who else is there.
  runner: { ...bodies, ...tracked, snapshots: change, claims: all, trials: all, rateBudgets: change, members: all },
  // Starts runs, and says how they are.
  gateway: { ...bodies, ...tracked, runs: read, stepEvents: read, observations: read },
  // Fires once, and learns from what is recorded that a run has ended.
  scheduler: { ...bodies, ...tracked, fires: change, triggers: change, stepEvents: read, observations: read },
  // Keeps what has happened, and sends on what has lost its queue. `snapshots` has how far it has come with each publisher.
  recorder: {
    ...bodies,
    ...tracked,
    deadLetters: change,
    'deadLetterBodies.files': all,
    'deadLetterBodies.chunks': all,
    runs: add,
    stepEvents: add,
    observations: add,
    counts: change,
    snapshots: change,
    plans: read,
  },
}

function privilegesOf(role: StoreRole): readonly StorePrivilege[] {
  const own = Object.entries(collections[role]).map(([collection, actions]) => ({ collection, actions }))
  return [{ collection: '', actions: ['listIndexes'] }, { collection: 'flows', actions: read }, ...own]
}
