import { describe, expect, it } from 'vitest'
import { brokerUrlOf, databaseName, rolePasswords, storeUrlOf } from './tenant-names.ts'

const uid = '0f3a1c9e-8f0d-4a52-9d5e-0a4f3f3f7b11'

describe('databaseName', () => {
  it('is short enough for MongoDB, whatever the namespace, and differs where the namespace does', () => {
    const names = ['a', 'a'.repeat(63), `${'a'.repeat(62)}b`].map((namespace) => databaseName({ namespace, uid }))
    expect(new Set(names).size).toBe(3)
    for (const name of names) expect(name).toMatch(/^weir-[a-z0-9-]{1,40}-[0-9a-f]{12}$/)
    expect(databaseName({ namespace: 'a', uid: 'other' })).not.toBe(names[0])
  })
})

describe('rolePasswords', () => {
  it('is the same for the same key and of its own for each role, namespace and key', () => {
    const tenant = { namespace: 'a', uid }
    const passwords = rolePasswords(tenant, 'key')
    expect(rolePasswords(tenant, 'key')).toEqual(passwords)
    const others = [
      ...Object.values(passwords),
      rolePasswords({ ...tenant, uid: 'x' }, 'key').runner,
      rolePasswords(tenant, 'other').runner,
    ]
    expect(new Set(others).size).toBe(7)
    expect(passwords.runner).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })
})

describe('brokerUrlOf', () => {
  it('takes the place of whoever administrates', () => {
    const url = brokerUrlOf(
      new URL('amqps://root:s3cret@broker:5671/other?x=1'),
      { namespace: 'a', uid },
      { role: 'runner', password: 'p' },
    )
    expect(url).toBe(`amqps://weir.a.${uid}.runner:p@broker:5671/weir.a.${uid}?x=1`)
  })
})

describe('storeUrlOf', () => {
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
  ])('$url', ({ url, want }) => {
    expect(storeUrlOf(url, 'weir-a')).toBe(want)
  })
})
