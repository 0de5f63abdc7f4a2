import { describe, expect, it } from 'vitest'
import { brokerUrlWith, readLogin } from './read-login.ts'

const own = {
  WEIR_BROKER_URL: 'amqp://weir.shop.u1.recorder:p%2Fw@rabbit:5672/weir.shop.u1',
  WEIR_STORE_URL: 'mongodb://admin:canary@one:27017,two/weir-shop-0123456789ab?replicaSet=rs0',
}
const login = {
  username: 'weir.shop.u1.recorder',
  password: 'p/w',
  vhost: 'weir.shop.u1',
  database: 'weir-shop-0123456789ab',
}

describe('readLogin', () => {
  it('reads who logs in where', () => {
    expect(readLogin('shop', own)).toEqual(login)
  })

  it.each([
    { name: 'another namespace’s', namespace: 'shop-2', change: {} },
    { name: 'a vhost that only begins alike', change: { WEIR_BROKER_URL: 'amqp://weir.shop2.u.x:p@h/weir.shop2.u' } },
    { name: 'another vhost with an own user', change: { WEIR_BROKER_URL: 'amqp://weir.shop.u.x:p@h/weir.till.u' } },
    { name: 'another’s user', change: { WEIR_BROKER_URL: 'amqp://weir.till.u.x:p@h/weir.shop.u' } },
    { name: 'another database', change: { WEIR_STORE_URL: 'mongodb://h/weir-shop-2-0123456789ab' } },
    { name: 'a database that is no namespace’s', change: { WEIR_STORE_URL: 'mongodb://h/admin' } },
    { name: 'no database', change: { WEIR_STORE_URL: 'mongodb://h/' } },
    { name: 'no URL', change: { WEIR_BROKER_URL: 'rabbit' } },
    { name: 'what cannot be decoded', change: { WEIR_BROKER_URL: 'amqp://weir.shop.u.x:%ff@h/weir.shop.u' } },
    { name: 'nothing', change: { WEIR_BROKER_URL: undefined, WEIR_STORE_URL: undefined } },
  ])('takes nothing else: $name', ({ namespace = 'shop', change }) => {
    expect(readLogin(namespace, { ...own, ...change })).toBeUndefined()
  })
})

it('a login goes to the installation’s server, whatever the Secret names', () => {
  const url = brokerUrlWith(new URL('amqps://guest:guest@broker.example:5671/other'), login)
  expect(url.href).toBe('amqps://weir.shop.u1.recorder:p%2Fw@broker.example:5671/weir.shop.u1')
})
