import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { planChanges, type ObservedVhost } from './plan-changes.ts'
import { brokerRoles, planVhost, type BrokerRole } from './plan-vhost.ts'

const passwords = Object.fromEntries(brokerRoles.map((role) => [role, `secret of ${role}`])) as Record<
  BrokerRole,
  string
>
const plan = planVhost({ namespace: 'shop', uid: '8c1f', passwords })
const self = 'admin'

function hashed(password: string): string {
  const salt = Buffer.from('salt')
  return Buffer.concat([salt, createHash('sha256').update(salt).update(password).digest()]).toString('base64')
}

const asPlanned: ObservedVhost = {
  exists: true,
  users: plan.users.map(({ name, password }) => ({
    name,
    passwordHash: hashed(password),
    hashing: 'rabbit_password_hashing_sha256',
    tags: [],
  })),
  permissions: [
    ...plan.users.map(({ name, permissions }) => ({ user: name, ...permissions })),
    { user: self, configure: '.*', write: '.*', read: '.*' },
  ],
  policies: plan.policies,
}
const runner = 'weir.shop.8c1f.runner'
const changesOf = (observed: Partial<ObservedVhost>) =>
  planChanges(plan, { ...asPlanned, ...observed }, { self }).map((change) => {
    if (change.kind === 'putUser' || change.kind === 'putPermissions') return `${change.kind} ${change.user.name}`
    if (change.kind === 'putPolicy') return `${change.kind} ${change.policy.name}`
    if (change.kind === 'deletePermissions') return `${change.kind} ${change.user}`
    return change.kind === 'deletePolicy' ? `${change.kind} ${change.name}` : change.kind
  })

describe('planChanges', () => {
  it('makes everything where nothing is, the vhost first and users before their permissions', () => {
    const changes = changesOf({ exists: false, users: [], permissions: [], policies: [] })
    const users = plan.users.map(({ name }) => name)
    expect(changes).toEqual([
      'createVhost',
      ...users.map((name) => `putUser ${name}`),
      ...users.map((name) => `putPermissions ${name}`),
      ...plan.policies.map(({ name }) => `putPolicy ${name}`),
    ])
  })

  const changedUser = (change: object) =>
    asPlanned.users.map((user) => (user.name === runner ? { ...user, ...change } : user))
  const changedPermissions = (change: object) =>
    asPlanned.permissions.map((one) => (one.user === runner ? { ...one, ...change } : one))
  const changedPolicy = (change: object) =>
    plan.policies.map((one) => (one.name === 'weir-rungs' ? { ...one, ...change } : one))
  it.each<{ name: string; observed: Partial<ObservedVhost>; want: string[] }>([
    { name: 'nothing is missing', observed: {}, want: [] },
    {
      name: 'a user is gone',
      observed: { users: asPlanned.users.filter(({ name }) => name !== runner) },
      want: [`putUser ${runner}`],
    },
    {
      name: 'a password is another',
      observed: { users: changedUser({ passwordHash: hashed('old') }) },
      want: [`putUser ${runner}`],
    },
    {
      name: 'a password is kept in an unknown way',
      observed: { users: changedUser({ hashing: 'other' }) },
      want: [`putUser ${runner}`],
    },
    {
      name: 'there is no password',
      observed: { users: changedUser({ passwordHash: '' }) },
      want: [`putUser ${runner}`],
    },
    {
      name: 'a user was given a tag',
      observed: { users: changedUser({ tags: ['administrator'] }) },
      want: [`putUser ${runner}`],
    },
    {
      name: 'a user may do more',
      observed: { permissions: changedPermissions({ read: '.*' }) },
      want: [`putPermissions ${runner}`],
    },
    {
      name: 'a role of another version has permissions',
      observed: {
        permissions: [...asPlanned.permissions, { user: 'weir.shop.8c1f.hub', configure: '', write: '', read: '' }],
      },
      want: ['deletePermissions weir.shop.8c1f.hub'],
    },
    {
      name: 'somebody else has permissions',
      observed: { permissions: [...asPlanned.permissions, { user: 'monitor', configure: '', write: '', read: '.*' }] },
      want: [],
    },
    {
      name: 'a policy is another',
      observed: { policies: changedPolicy({ priority: 1 }) },
      want: ['putPolicy weir-rungs'],
    },
    {
      name: 'a policy says more',
      observed: {
        policies: changedPolicy({ definition: { 'dead-letter-strategy': 'at-least-once', overflow: 'drop-head' } }),
      },
      want: ['putPolicy weir-rungs'],
    },
    {
      name: 'a policy of another version is there',
      observed: { policies: [...plan.policies, { name: 'weir-old', pattern: '', priority: 1, definition: {} }] },
      want: ['deletePolicy weir-old'],
    },
    {
      name: 'somebody else has a policy',
      observed: { policies: [...plan.policies, { name: 'ha', pattern: '', priority: 1, definition: {} }] },
      want: [],
    },
  ])('does what is needed when $name', ({ observed, want }) => expect(changesOf(observed)).toEqual(want))

  it('leaves the permissions of whoever applies the plan', () => {
    const mine = { user: `${plan.vhost}.admin`, configure: '.*', write: '.*', read: '.*' }
    const observed = { ...asPlanned, permissions: [...asPlanned.permissions, mine] }
    expect(planChanges(plan, observed, { self: mine.user })).toEqual([])
  })
})
