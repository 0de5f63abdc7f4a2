import { describe, expect, it } from 'vitest'
import { brokerUrlWith, readLogin, storeUrlWith } from './read-login.ts'

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

  const urlOf = (user: string): string => `mongodb://${user}@one/weir-shop-0123456789ab?authSource=elsewhere`
  it.each([
    { name: 'the namespace’s own', user: 'weir.shop.u1.recorder:s%2Fw', storeUser: { ...login, password: 's/w' } },
    { name: 'the installation’s', user: 'admin:canary', storeUser: undefined },
    { name: 'another role’s', user: 'weir.shop.u1.runner:x', storeUser: undefined },
    { name: 'another namespace’s', user: 'weir.till.u1.recorder:x', storeUser: undefined },
  ])('takes a user of the store who is $name', ({ user, storeUser }) => {
    const { username, password } = storeUser ?? {}
    expect(readLogin('shop', { ...own, WEIR_STORE_URL: urlOf(user) })).toEqual({
      ...login,
      ...(storeUser && { storeUser: { username, password } }),
    })
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

it('a login to the store is to its own database of the installation’s server, in place of the installation’s', () => {
  const server = 'mongodb://admin:canary@db.example/x?tls=true&authSource=admin'
  const storeUser = { username: 'weir.shop.u1.recorder', password: 's/w' }
  expect(storeUrlWith(server, { ...login, storeUser })).toBe(
    'mongodb://weir.shop.u1.recorder:s%2Fw@db.example/weir-shop-0123456789ab?tls=true&authSource=weir-shop-0123456789ab',
  )
  expect(storeUrlWith(server, login)).toBeUndefined()
})
