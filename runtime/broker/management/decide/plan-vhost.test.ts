import { describe, expect, it } from 'vitest'
import { queueName } from '../../../../flow/plan/queue-name.ts'
import { rungTopology } from '../../amqp/decide/plan-topology.ts'
import { brokerRoles, planVhost, type BrokerRole } from './plan-vhost.ts'

const passwords = Object.fromEntries(brokerRoles.map((role) => [role, `secret of ${role}`])) as Record<
  BrokerRole,
  string
>
const plan = planVhost({ namespace: 'shop', uid: '8c1f', passwords })
const queue = queueName({ flowUid: '8c1f8a0e-5f5b', step: 'store', hash: '0123456789ab', revision: 12 })
const core = queueName({ flowUid: 'default_contacts', step: '_core', hash: 'ffffffffffff', revision: 1 })

describe('planVhost', () => {
  it('is named for the namespace and its uid, and so are its users', () => {
    expect(plan.vhost).toBe('weir.shop.8c1f')
    expect(plan.users.map(({ name, password }) => [name, password])).toEqual(
      brokerRoles.map((role) => [`weir.shop.8c1f.${role}`, `secret of ${role}`]),
    )
  })

  const all = ['steps', 'retry', 'unrouted', 'dead', 'events', 'delay.v1.100', 'reply.0a1b', queue, core, 'amq.default']
  it.each<{ role: BrokerRole; configure: string[]; write: string[]; read: string[] }>([
    { role: 'operator', configure: all, write: all, read: all },
    {
      role: 'runner',
      configure: ['delay.v1.100'],
      write: ['steps', 'retry', 'delay.v1.100'],
      read: ['delay.v1.100', queue, core],
    },
    { role: 'gateway', configure: ['reply.0a1b'], write: ['steps', 'reply.0a1b'], read: ['steps', 'reply.0a1b'] },
    { role: 'scheduler', configure: [], write: ['steps'], read: [] },
    { role: 'recorder', configure: [], write: ['steps'], read: ['unrouted', 'dead', 'events'] },
  ])('gives a $role what it must have, and no more', ({ role, ...want }) => {
    const permissions = plan.users.find(({ name }) => name.endsWith(`.${role}`))?.permissions
    const allowed = (pattern = '') => all.filter((name) => new RegExp(pattern).test(name))
    expect({
      configure: allowed(permissions?.configure),
      write: allowed(permissions?.write),
      read: allowed(permissions?.read),
    }).toEqual(want)
  })

  it.each(['steps2', 'xsteps', 'delay.v1.', 'delay.v2.100', 'a.delay.v1.100', 'replies', 'dead2', 'a.b.c.1'])(
    'takes nobody but the operator near "%s"',
    (name) => {
      const others = plan.users.filter(({ name }) => !name.endsWith('.operator'))
      for (const { permissions } of others)
        for (const pattern of Object.values(permissions)) expect(new RegExp(pattern).test(name)).toBe(false)
    },
  )

  it('has one policy for each queue that messages rest on, and none that overrides the rungs', () => {
    const policiesOf = (name: string) => plan.policies.filter(({ pattern }) => new RegExp(pattern).test(name))
    for (const name of [queue, core, 'dead', 'unrouted', 'events', 'delay.v1.100', 'reply.0a1b'])
      expect(policiesOf(name)).toHaveLength(1)
    const [declared] = rungTopology(100).queues
    const [policy] = policiesOf('delay.v1.100')
    // A policy's `overflow` would beat the argument, and make the rung lose messages.
    expect(Object.keys(policy?.definition ?? {})).not.toContain('overflow')
    for (const [key, value] of Object.entries(policy?.definition ?? {}))
      expect(declared?.arguments[`x-${key}`]).toBe(value)
  })
})
