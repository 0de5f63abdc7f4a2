import { describe, expect, it } from 'vitest'
import { brokerUrlOf, databaseName, rolePasswords, storeLogins, storeUrlOf, userPrefix } from './tenant-names.ts'

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

describe('storeLogins', () => {
  it('has the names that the broker knows, and passwords that it does not', () => {
    const tenant = { namespace: 'a', uid }
    const logins = storeLogins(tenant, 'key')
    expect(logins.recorder.name).toBe(`weir.a.${uid}.recorder`)
    expect(logins.recorder.name.startsWith(userPrefix(tenant))).toBe(true)
    expect(storeLogins(tenant, 'key')).toEqual(logins)
    const all = [
      ...Object.values(logins).map(({ password }) => password),
      ...Object.values(rolePasswords(tenant, 'key')),
      storeLogins(tenant, 'other').runner.password,
      storeLogins({ ...tenant, uid: 'x' }, 'key').runner.password,
    ]
    expect(new Set(all).size).toBe(12)
  })
})

describe('storeUrlOf', () => {
  const tenant = { namespace: 'shop', uid }
  const database = databaseName(tenant)

  it('takes the place of whoever administrates', () => {
    expect(storeUrlOf('mongodb+srv://root:s3cret@db.example/?tls=true', tenant, { name: 'n', password: 'p' })).toBe(
      `mongodb+srv://n:p@db.example/${database}?tls=true&authSource=${database}`,
    )
  })

  it('leaves the login where it is shared', () => {
    expect(storeUrlOf('mongodb://u:p@a', tenant, undefined)).toBe(`mongodb://u:p@a/${database}?authSource=admin`)
  })

  it.each(['a@b:c/d?e=f&g#h', '../admin', 'ä%2F'])('cannot be led elsewhere by a namespace called %s', (namespace) => {
    const hostile = { namespace, uid }
    const { name, password } = storeLogins(hostile, 'key').runner
    const url = new URL(storeUrlOf('mongodb://root:s3cret@db:27017/?w=1', hostile, { name, password }))
    expect([decodeURIComponent(url.username), decodeURIComponent(url.password), url.host]).toEqual([
      name,
      password,
      'db:27017',
    ])
    expect(decodeURIComponent(url.pathname)).toBe(`/${databaseName(hostile)}`)
    expect([...url.searchParams]).toEqual([
      ['w', '1'],
      ['authSource', databaseName(hostile)],
    ])
  })
})
