import { describe, expect, it } from 'vitest'
import { planStoreUsers, storeRoles, type StoreRole } from './plan-store-users.ts'
import {
  storeUserChanges,
  type ObservedRole,
  type ObservedStoreUsers,
  type ObservedUser,
} from './store-user-changes.ts'

const database = 'weir-shop-0123456789ab'
const prefix = 'weir.shop.u1.'
const logins = Object.fromEntries(
  storeRoles.map((role) => [role, { name: `${prefix}${role}`, password: `secret of ${role}` }]),
) as Record<StoreRole, { name: string; password: string }>
const plan = planStoreUsers({ database, logins })
const runner = `${prefix}runner`

const asPlanned: ObservedStoreUsers = {
  roles: plan.roles.map(({ name, privileges }) => ({
    name,
    inherits: false,
    // As the server gives them: in another order.
    privileges: privileges
      .map(({ collection, actions }) => ({ database, collection, actions: actions.toReversed() }))
      .toReversed(),
  })),
  users: plan.users.map(({ name, role }) => ({ name, roles: [{ name: role, database }], hasPassword: true })),
}
const changesOf = (observed: Partial<ObservedStoreUsers>): string[] =>
  storeUserChanges(plan, { ...asPlanned, ...observed }, prefix).map((change) => {
    if ('role' in change) return `${change.kind} ${change.role.name}`
    return `${change.kind} ${'user' in change ? change.user.name : change.name}`
  })
const withUser = (change: Partial<ObservedUser>): Partial<ObservedStoreUsers> => ({
  users: asPlanned.users.map((one) => (one.name === runner ? { ...one, ...change } : one)),
})
const withRole = (change: (role: ObservedRole) => Partial<ObservedRole>): Partial<ObservedStoreUsers> => ({
  roles: asPlanned.roles.map((one) => (one.name === 'weir-runner' ? { ...one, ...change(one) } : one)),
})

describe('storeUserChanges', () => {
  it.each<{ name: string; observed: Partial<ObservedStoreUsers>; want: readonly string[] }>([
    { name: 'nothing is missing', observed: {}, want: [] },
    {
      name: 'nothing is there',
      observed: { roles: [], users: [] },
      want: [
        ...storeRoles.map((role) => `createRole weir-${role}`),
        ...storeRoles.map((role) => `createUser ${prefix}${role}`),
      ],
    },
    { name: 'a password is another', observed: withUser({ hasPassword: false }), want: [`updateUser ${runner}`] },
    {
      name: 'a user has another role, too',
      observed: withUser({
        roles: [
          { name: 'weir-runner', database },
          { name: 'readWrite', database },
        ],
      }),
      want: [`updateUser ${runner}`],
    },
    {
      name: 'a user has a role of that name in another database',
      observed: withUser({ roles: [{ name: 'weir-runner', database: 'admin' }] }),
      want: [`updateUser ${runner}`],
    },
    { name: 'a user has no role', observed: withUser({ roles: [] }), want: [`updateUser ${runner}`] },
    { name: 'a role inherits', observed: withRole(() => ({ inherits: true })), want: ['updateRole weir-runner'] },
    {
      name: 'a role may do more',
      observed: withRole(({ privileges }) => ({
        privileges: [...privileges, { database, collection: 'deadLetters', actions: ['find'] }],
      })),
      want: ['updateRole weir-runner'],
    },
    {
      name: 'a role may do something elsewhere',
      observed: withRole(({ privileges }) => ({
        privileges: [...privileges, { database: 'admin', collection: '', actions: ['find'] }],
      })),
      want: ['updateRole weir-runner'],
    },
    {
      name: 'a role may do less',
      observed: withRole(({ privileges }) => ({ privileges: privileges.slice(1) })),
      want: ['updateRole weir-runner'],
    },
    {
      name: 'there is a user and a role of another version',
      observed: {
        users: [...asPlanned.users, { name: `${prefix}hub`, roles: [], hasPassword: false }],
        roles: [...asPlanned.roles, { name: 'weir-hub', privileges: [], inherits: false }],
      },
      want: [`dropUser ${prefix}hub`, 'dropRole weir-hub'],
    },
    {
      name: 'there are users and roles of others',
      observed: {
        users: [...asPlanned.users, { name: 'backup', roles: [], hasPassword: false }],
        roles: [...asPlanned.roles, { name: 'reports', privileges: [], inherits: false }],
      },
      want: [],
    },
  ])('does what is needed when $name', ({ observed, want }) => expect(changesOf(observed)).toEqual(want))

  it('drops all that is ours, and nothing else, for a plan of nobody', () => {
    const observed = { ...asPlanned, users: [...asPlanned.users, { name: 'backup', roles: [], hasPassword: false }] }
    const dropped = storeUserChanges({ database, roles: [], users: [] }, observed, prefix)
    expect(new Set(dropped.map(({ kind }) => kind))).toEqual(new Set(['dropUser', 'dropRole']))
    expect(dropped).toHaveLength(8)
  })
})

describe('planStoreUsers', () => {
  it.each<{ role: StoreRole; writes: string[] }>([
    {
      role: 'runner',
      writes: 'blobs.chunks blobs.files claims members rateBudgets snapshots trackedMessages trackedRuns trials'.split(
        ' ',
      ),
    },
    { role: 'gateway', writes: ['blobs.chunks', 'blobs.files', 'trackedMessages', 'trackedRuns'] },
    {
      role: 'scheduler',
      writes: ['blobs.chunks', 'blobs.files', 'fires', 'trackedMessages', 'trackedRuns', 'triggers'],
    },
    {
      role: 'recorder',
      writes:
        'blobs.chunks blobs.files counts deadLetterBodies.chunks deadLetterBodies.files deadLetters observations runs snapshots stepEvents trackedMessages trackedRuns'.split(
          ' ',
        ),
    },
  ])('gives a $role nothing but to read and write in collections', ({ role, writes }) => {
    const { privileges = [] } = plan.roles.find(({ name }) => name === `weir-${role}`) ?? {}
    const actions = new Set(privileges.flatMap((one) => one.actions))
    expect([...actions].toSorted().filter((one) => !['find', 'insert', 'update', 'remove'].includes(one))).toEqual([
      'listIndexes',
    ])
    expect(
      privileges
        .filter((one) => one.actions.includes('insert'))
        .map(({ collection }) => collection)
        .toSorted(),
    ).toEqual(writes)
    // Only what changes nothing is for all of them.
    expect(privileges.filter(({ collection }) => collection === '').flatMap((one) => one.actions)).toEqual([
      'listIndexes',
    ])
  })
})
