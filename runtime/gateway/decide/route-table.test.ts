import { describe, expect, it } from 'vitest'
import type { HttpMethod } from '../../../crds/v1alpha1/trigger.ts'
import { samplePlan } from '../../../test/samples/sample-plan.ts'
import { routeTable } from './route-table.ts'

const hook = (name: string, path: string, methods?: readonly HttpMethod[]) => ({
  name,
  webhook: { path, auth: { none: {} }, ...(methods && { methods }) },
})

const table = routeTable([
  samplePlan({
    triggers: [
      hook('list', '/contacts', ['GET', 'POST']),
      hook('one', '/contacts/{id}'),
      hook('new', '/contacts/new'),
      hook('part', '/contacts/{id}/{part}'),
      hook('mail', '/contacts/{id}/mail', ['PUT']),
      hook('odd', '/caf%C3%A9/a%2Fb/'),
      { name: 'by-hand', manual: {} },
    ],
  }),
  samplePlan({ name: 'orders', namespace: 'sales', triggers: [hook('list', '/contacts')] }),
])

const triggerOf = (namespace: string, path: string, method: string) => {
  const match = table.match(namespace, path.split('/'), method)
  return match.kind === 'route' ? [match.route.flow, match.route.trigger, match.params] : match
}

describe('routeTable', () => {
  it.each([
    { name: 'finds a path', at: ['default', 'contacts', 'GET'], want: ['uid-contacts', 'list', {}] },
    { name: 'finds it in its namespace alone', at: ['sales', 'contacts', 'POST'], want: ['uid-orders', 'list', {}] },
    { name: 'gives parameters', at: ['default', 'contacts/7', 'POST'], want: ['uid-contacts', 'one', { id: '7' }] },
    { name: 'prefers what is written out', at: ['default', 'contacts/new', 'POST'], want: ['uid-contacts', 'new', {}] },
    {
      name: 'prefers what is written out further right',
      at: ['default', 'contacts/7/mail', 'PUT'],
      want: ['uid-contacts', 'mail', { id: '7' }],
    },
    {
      name: 'takes the less specific one whose method it is',
      at: ['default', 'contacts/7/mail', 'POST'],
      want: ['uid-contacts', 'part', { id: '7', part: 'mail' }],
    },
    {
      name: 'comes back from a dead end',
      at: ['default', 'contacts/new/photo', 'POST'],
      want: ['uid-contacts', 'part', { id: 'new', part: 'photo' }],
    },
    {
      name: 'names the methods there are',
      at: ['default', 'contacts', 'PUT'],
      want: { kind: 'otherMethod', allow: ['GET', 'POST'] },
    },
    {
      name: 'names the methods of all that fit',
      at: ['default', 'contacts/7/mail', 'GET'],
      want: { kind: 'otherMethod', allow: ['POST', 'PUT'] },
    },
    { name: 'does not take nothing for a parameter', at: ['default', 'contacts/', 'POST'], want: { kind: 'none' } },
    { name: 'knows no other path', at: ['default', 'contact', 'GET'], want: { kind: 'none' } },
    { name: 'knows no other namespace', at: ['nowhere', 'contacts', 'GET'], want: { kind: 'none' } },
    { name: 'is not fooled by names of prototypes', at: ['__proto__', 'constructor', 'GET'], want: { kind: 'none' } },
  ])('$name', ({ at: [namespace = '', path = '', method = ''], want }) => {
    expect(triggerOf(namespace, path, method)).toEqual(want)
  })

  it('compares what is decoded', () => {
    expect(table.match('default', ['café', 'a/b'], 'POST')).toMatchObject({ kind: 'route', route: { trigger: 'odd' } })
  })

  it('gives a path that two flows claim to the first by name', () => {
    const plans = ['b', 'a'].map((name) => samplePlan({ name, triggers: [hook('t', '/x')] }))
    for (const order of [plans, plans.toReversed()]) {
      expect(routeTable(order).match('default', ['x'], 'POST')).toMatchObject({ route: { flow: 'uid-a' } })
    }
  })
})
