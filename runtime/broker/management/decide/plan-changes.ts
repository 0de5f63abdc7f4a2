import { createHash } from 'node:crypto'
import type { Permissions, VhostPlan, VhostPolicy, VhostUser } from './plan-vhost.ts'

/** What a server has of a vhost. */
export interface ObservedVhost {
  readonly exists: boolean
  /** Those of the plan that are there. */
  readonly users: readonly ObservedUser[]
  readonly permissions: readonly ({ readonly user: string } & Permissions)[]
  readonly policies: readonly VhostPolicy[]
}

export interface ObservedUser {
  readonly name: string
  readonly passwordHash: string
  readonly hashing: string
  readonly tags: readonly string[]
}

export type VhostChange =
  | { readonly kind: 'createVhost' }
  /** Made, or given this password and no tags. */
  | { readonly kind: 'putUser'; readonly user: VhostUser }
  | { readonly kind: 'putPermissions'; readonly user: VhostUser }
  /** Of a user of this vhost that the plan does not know. */
  | { readonly kind: 'deletePermissions'; readonly user: string }
  | { readonly kind: 'putPolicy'; readonly policy: VhostPolicy }
  /** One of ours, of an older version. */
  | { readonly kind: 'deletePolicy'; readonly name: string }

export interface ChangeOptions {
  /** Who applies the plan: the server gave it all permissions when it made the vhost, and it keeps them. */
  readonly self: string
}

/** What makes the server have what the plan says, in this order; nothing when it has. Users and policies of others stay. */
export function planChanges(plan: VhostPlan, observed: ObservedVhost, { self }: ChangeOptions): readonly VhostChange[] {
  const { users, policies } = plan
  return [
    ...(observed.exists ? [] : [{ kind: 'createVhost' } as const]),
    // Before the permissions: they must have a user.
    ...users.filter((user) => !isKnown(user, observed)).map((user) => ({ kind: 'putUser', user }) as const),
    ...users.filter((user) => !isAllowed(user, observed)).map((user) => ({ kind: 'putPermissions', user }) as const),
    ...strangers(plan, observed, self).map((user) => ({ kind: 'deletePermissions', user }) as const),
    ...policies
      .filter((policy) => !isInForce(policy, observed))
      .map((policy) => ({ kind: 'putPolicy', policy }) as const),
    ...outdated(plan, observed).map((name) => ({ kind: 'deletePolicy', name }) as const),
  ]
}

function isKnown({ name, password }: VhostUser, { users }: ObservedVhost): boolean {
  const user = users.find((one) => one.name === name)
  return user !== undefined && user.tags.length === 0 && isPassword(user, password)
}

/** The server keeps base64(salt, sha256(salt, password)) with a salt of four bytes. */
function isPassword({ passwordHash, hashing }: ObservedUser, password: string): boolean {
  if (hashing !== 'rabbit_password_hashing_sha256') return false
  const kept = Buffer.from(passwordHash, 'base64')
  const salt = kept.subarray(0, 4)
  return createHash('sha256').update(salt).update(password).digest().equals(kept.subarray(4))
}

function isAllowed({ name, permissions }: VhostUser, observed: ObservedVhost): boolean {
  return observed.permissions.some(
    ({ user, configure, write, read }) =>
      user === name && configure === permissions.configure && write === permissions.write && read === permissions.read,
  )
}

/** Told by their names: a role that was taken out of the plan. */
function strangers({ vhost, users }: VhostPlan, { permissions }: ObservedVhost, self: string): readonly string[] {
  return permissions
    .map(({ user }) => user)
    .filter((user) => user.startsWith(`${vhost}.`) && user !== self && !users.some(({ name }) => name === user))
}

function isInForce(policy: VhostPolicy, { policies }: ObservedVhost): boolean {
  return policies.some(
    ({ name, pattern, priority, definition }) =>
      name === policy.name &&
      pattern === policy.pattern &&
      priority === policy.priority &&
      isSameDefinition(definition, policy.definition),
  )
}

function isSameDefinition(one: VhostPolicy['definition'], other: VhostPolicy['definition']): boolean {
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}

function outdated({ policies }: VhostPlan, observed: ObservedVhost): readonly string[] {
  return observed.policies
    .map(({ name }) => name)
    .filter((name) => name.startsWith('weir-') && !policies.some((policy) => policy.name === name))
}
