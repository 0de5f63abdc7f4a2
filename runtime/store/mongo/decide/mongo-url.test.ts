import { describe, expect, it } from 'vitest'
import { readMongoUrl } from './mongo-url.ts'

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
