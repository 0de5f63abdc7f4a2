import { describe, expect, it } from 'vitest'
import { brokerUrlWith, readLogin, storeUrlWith } from './read-login.ts'

const own = {
  WEIR_BROKER_URL: 'amqp://weir.shop.u1.recorder:p%2Fw@rabbit:5672/weir.shop.u1',
  WEIR_STORE_URL: 'mongodb://admin:canary@one:27017,two/weir-shop-0123456789ab?replicaSet=rs0',
}
const installation = 'mongodb://admin:canary@one:27017,two/?replicaSet=rs0'
const login = {
  username: 'weir.shop.u1.recorder',
  password: 'p/w',
  vhost: 'weir.shop.u1',
  database: 'weir-shop-0123456789ab',
}

describe('readLogin', () => {
  it('reads who logs in where', () => {
    expect(readLogin({ namespace: 'shop', data: own, installation })).toEqual(login)
  })

  const urlOf = (user: string): string => `mongodb://${user}one/weir-shop-0123456789ab?authSource=elsewhere`
  const withUser = (user: string, url = installation): ReturnType<typeof readLogin> =>
    readLogin({ namespace: 'shop', data: { ...own, WEIR_STORE_URL: urlOf(user) }, installation: url })

  it('takes a user of the namespace’s own at the store', () => {
    const { username } = login
    expect(withUser(`${username}:s%2Fw@`)).toEqual({ ...login, storeUser: { username, password: 's/w' } })
  })

  it.each([
    { name: 'its login', user: 'admin:canary@', installation: undefined },
    { name: 'its login, encoded otherwise', user: '%61dmin:canary@', installation: undefined },
    { name: 'no login, as it has none', user: '', installation: 'mongodb://one' },
    { name: 'a login without a password', user: 'CN%3Da@', installation: 'mongodb://CN%3Da@one' },
  ])('has the installation stand in for who knows $name', ({ user, installation: url }) => {
    expect(withUser(user, url)).toEqual(login)
  })

  it.each([
    { name: 'the installation’s with another password', user: 'admin:guessed@' },
    { name: 'the installation’s without a password', user: 'admin@' },
    { name: 'nobody', user: '' },
    { name: 'somebody’s own', user: 'mine:x@' },
    { name: 'another role’s', user: 'weir.shop.u1.runner:x@' },
    { name: 'another namespace’s', user: 'weir.till.u1.recorder:x@' },
    { name: 'its own without a password', user: 'weir.shop.u1.recorder@' },
    { name: 'somebody, where the installation is nobody', user: 'mine:x@', installation: 'mongodb://one' },
  ])('takes no other user of the store: $name', ({ user, installation: url }) => {
    expect(withUser(user, url)).toBeUndefined()
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
    expect(readLogin({ namespace, data: { ...own, ...change }, installation })).toBeUndefined()
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
