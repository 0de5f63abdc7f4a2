import type { PlannedRole, PlannedUser, StorePrivilege, StoreUsersPlan } from './plan-store-users.ts'

/** What a database has of users and roles. */
export interface ObservedStoreUsers {
  readonly roles: readonly ObservedRole[]
  readonly users: readonly ObservedUser[]
}

export interface ObservedRole {
  readonly name: string
  readonly privileges: readonly (StorePrivilege & { readonly database: string })[]
  /** Whether it has what other roles have. */
  readonly inherits: boolean
}

export interface ObservedUser {
  readonly name: string
  readonly roles: readonly { readonly name: string; readonly database: string }[]
  /** Whether its password is the plan's; false for one that the plan does not know. */
  readonly hasPassword: boolean
}

export type StoreUserChange =
  | { readonly kind: 'createRole'; readonly role: PlannedRole }
  | { readonly kind: 'updateRole'; readonly role: PlannedRole }
  | { readonly kind: 'createUser'; readonly user: PlannedUser }
  /** Its password and its roles become the plan's. */
  | { readonly kind: 'updateUser'; readonly user: PlannedUser }
  /** One of ours that the plan does not know: of an older version. */
  | { readonly kind: 'dropUser'; readonly name: string }
  | { readonly kind: 'dropRole'; readonly name: string }

/**
 * What makes the database have what the plan says, in this order; nothing when it has. Users and roles of others stay.
 *
 * @param prefix what the names of all our users begin with
 */
export function storeUserChanges(
  plan: StoreUsersPlan,
  observed: ObservedStoreUsers,
  prefix: string,
): readonly StoreUserChange[] {
  const { database, roles, users } = plan
  return [
    // Before the users: they must have a role.
    ...roles.flatMap((role): StoreUserChange[] => {
      const known = observed.roles.find(({ name }) => name === role.name)
      if (known === undefined) return [{ kind: 'createRole', role }]
      return isAsPlanned(role, known, database) ? [] : [{ kind: 'updateRole', role }]
    }),
    ...users.flatMap((user): StoreUserChange[] => {
      const known = observed.users.find(({ name }) => name === user.name)
      if (known === undefined) return [{ kind: 'createUser', user }]
      return isUser(user, known, database) ? [] : [{ kind: 'updateUser', user }]
    }),
    ...strangers(observed.users, users, prefix).map((name) => ({ kind: 'dropUser', name }) as const),
    ...strangers(observed.roles, roles, 'weir-').map((name) => ({ kind: 'dropRole', name }) as const),
  ]
}

function isAsPlanned({ privileges }: PlannedRole, known: ObservedRole, database: string): boolean {
  const own = known.privileges.filter((privilege) => privilege.database === database)
  return !known.inherits && own.length === known.privileges.length && textOf(own) === textOf(privileges)
}

/** The server gives them in an order of its own. */
function textOf(privileges: readonly StorePrivilege[]): string {
  const texts = privileges.map(({ collection, actions }) => JSON.stringify([collection, actions.toSorted()]))
  return texts.toSorted().join('\n')
}

function isUser({ role }: PlannedUser, { hasPassword, roles }: ObservedUser, database: string): boolean {
  return hasPassword && roles.length === 1 && roles[0]?.name === role && roles[0].database === database
}

function strangers(
  known: readonly { readonly name: string }[],
  planned: readonly { readonly name: string }[],
  prefix: string,
): readonly string[] {
  const names = known.map(({ name }) => name).filter((name) => name.startsWith(prefix))
  return names.filter((name) => !planned.some((one) => one.name === name))
}
