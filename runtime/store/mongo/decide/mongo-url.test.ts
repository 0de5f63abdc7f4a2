import { describe, expect, it } from 'vitest'
import { mongoUrlLogin, mongoUrlWith, readMongoUrl } from './mongo-url.ts'

describe('readMongoUrl', () => {
  it.each([
    { url: 'mongodb://db', hosts: ['db'], database: undefined },
    { url: 'mongodb://a:27017,b:27018/?replicaSet=rs0', hosts: ['a:27017', 'b:27018'], database: undefined },
    { url: 'mongodb://u:p%40ss@a:1/flows?authSource=admin', hosts: ['a:1'], database: 'flows' },
    { url: 'mongodb+srv://u:p@cluster.example/my%20flows', hosts: ['cluster.example'], database: 'my flows' },
    { url: 'mongodb://u:p@ss/w?rd@a:1/flows', hosts: ['a:1'], database: 'flows' },
    { url: 'mongodb://', hosts: ['no host'], database: undefined },
    { url: 'nonsense', hosts: ['nonsense'], database: undefined },
  ])('finds hosts and database in $url', ({ url, hosts, database }) => {
    expect(readMongoUrl(url)).toMatchObject({ hosts, ...(database && { database }) })
    expect(readMongoUrl(url).database).toBe(database)
  })

  it.each([
    { url: 'mongodb://u:s3cret@a:1', secret: 's3cret' },
    { url: 'mongodb://u:s3cr%40t@a:1', secret: 's3cr%40t' },
    { url: 'mongodb://u:s3cr%40t@a:1', secret: 's3cr@t' },
    { url: 'mongodb://u:50%@a:1', secret: '50%' },
    { url: 'mongodb://u:p@ss/w?rd@a:1/flows', secret: 'p@ss/w?rd' },
  ])('knows that $secret must not be shown', ({ url, secret }) => {
    expect(readMongoUrl(url).secrets).toContain(secret)
  })

  it('has nothing to hide but the URL where there is no login', () => {
    expect(readMongoUrl('mongodb://a:1').secrets).toEqual(['mongodb://a:1'])
    expect(readMongoUrl('mongodb://user@a:1').secrets).toEqual(['mongodb://user@a:1', 'user'])
  })
})

describe('mongoUrlWith', () => {
  it.each([
    { url: 'mongodb://db', want: 'mongodb://db/weir-a' },
    { url: 'mongodb://db:1/?replicaSet=rs0', want: 'mongodb://db:1/weir-a?replicaSet=rs0' },
    {
      url: 'mongodb://u:p@a:1,b:2/?replicaSet=rs0',
      want: 'mongodb://u:p@a:1,b:2/weir-a?replicaSet=rs0&authSource=admin',
    },
    { url: 'mongodb://u:p@a/logins', want: 'mongodb://u:p@a/weir-a?authSource=logins' },
    { url: 'mongodb://u:p@a/x?authSource=y', want: 'mongodb://u:p@a/weir-a?authSource=y' },
    { url: 'mongodb+srv://u:p@a.example', want: 'mongodb+srv://u:p@a.example/weir-a?authSource=admin' },
  ])('has another database and the same login: $url', ({ url, want }) => {
    expect(mongoUrlWith(url, { database: 'weir-a' })).toBe(want)
  })

  const login = { username: 'weir.a', password: 'p/w', authSource: 'weir-a' }
  it.each([
    { url: 'mongodb://db', want: 'mongodb://weir.a:p%2Fw@db/weir-a?authSource=weir-a' },
    {
      url: 'mongodb://u:p%40@a:1,b:2/?replicaSet=rs0&tls=true',
      want: 'mongodb://weir.a:p%2Fw@a:1,b:2/weir-a?replicaSet=rs0&tls=true&authSource=weir-a',
    },
    {
      url: 'mongodb://u:p@a/logins?authSource=admin&tls=true&authMechanism=PLAIN',
      want: 'mongodb://weir.a:p%2Fw@a/weir-a?tls=true&authSource=weir-a',
    },
    {
      url: 'mongodb://a/?authMechanism=MONGODB-AWS&AUTHMECHANISMPROPERTIES=AWS_SESSION_TOKEN:x&w=2',
      want: 'mongodb://weir.a:p%2Fw@a/weir-a?w=2&authSource=weir-a',
    },
    {
      url: 'mongodb+srv://u:p@a.example/x?retryWrites=true',
      want: 'mongodb+srv://weir.a:p%2Fw@a.example/weir-a?retryWrites=true&authSource=weir-a',
    },
    { url: 'mongodb://u:p@[::1]:27017', want: 'mongodb://weir.a:p%2Fw@[::1]:27017/weir-a?authSource=weir-a' },
    { url: 'mongodb://u:p@a?tls=true', want: 'mongodb://weir.a:p%2Fw@a/weir-a?tls=true&authSource=weir-a' },
  ])('has another login, and nothing of the one before: $url', ({ url, want }) => {
    expect(mongoUrlWith(url, { database: 'weir-a', login })).toBe(want)
  })
})

describe('mongoUrlLogin', () => {
  it.each([
    { url: 'mongodb://weir.a:p%2Fw@db:1,c/x', want: { username: 'weir.a', password: 'p/w' } },
    { url: 'mongodb+srv://u:@db', want: { username: 'u', password: '' } },
    { url: 'mongodb://db:27017/x@y', want: undefined },
    { url: 'mongodb://user@db', want: undefined },
    { url: 'nonsense', want: undefined },
  ])('$url', ({ url, want }) => expect(mongoUrlLogin(url)).toEqual(want))
})
