import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { openTable } from '../../kube/cache/object-table.ts'
import { simulatedClock } from '../clock.ts'
import type { TenantLogin } from './decide/read-login.ts'
import { openTenants, type OpenTenant } from './open-tenants.ts'
import type { SeenLogin } from './tenant-logins.ts'

const log = pino({ level: 'silent' })

function login(namespace: string, password = 'p'): TenantLogin {
  return { username: 'u', password, vhost: `weir.${namespace}.1`, database: 'd' }
}

function rig(open: (tenant: OpenTenant) => Promise<void> = async () => {}) {
  const table = openTable<SeenLogin>(() => {})
  const clock = simulatedClock()
  const events: string[] = []
  let version = 0
  const tenants = openTenants({
    logins: table,
    clock,
    log,
    open: async (tenant) => {
      const what = `${tenant.namespace}/${tenant.login.password}`
      await open(tenant)
      events.push(`open ${what}`)
      return {
        what,
        close: async () => {
          events.push(`close ${what}`)
        },
      }
    },
  })
  const put = (namespace: string, found: TenantLogin | undefined): void => {
    version += 1
    table.put({ metadata: { name: 'weir-recorder', namespace, resourceVersion: String(version) }, login: found })
  }
  return { table, clock, events, tenants, put, names: () => tenants.parts().map(({ what }) => what) }
}

describe('openTenants', () => {
  it('has a part for each namespace with a login, as long as it has it', async () => {
    const { table, put, names, events, tenants } = rig()
    put('a', login('a'))
    put('b', login('b'))
    await vi.waitFor(() => expect(names()).toEqual(['a/p', 'b/p']))
    put('a', login('a'))
    table.drop('b/weir-recorder')
    await vi.waitFor(() => expect(events).toEqual(['open a/p', 'open b/p', 'close b/p']))
    await tenants.close()
    expect(events.at(-1)).toBe('close a/p')
    expect(names()).toEqual([])
  })

  it('leaves before it enters with another login', async () => {
    const { put, names, events, tenants } = rig()
    put('a', login('a', 'one'))
    await vi.waitFor(() => expect(names()).toEqual(['a/one']))
    put('a', login('a', 'two'))
    await vi.waitFor(() => expect(names()).toEqual(['a/two']))
    expect(events).toEqual(['open a/one', 'close a/one', 'open a/two'])
    await tenants.close()
  })

  it('leaves a namespace whose Secret is no login', async () => {
    const { put, names, events, tenants } = rig()
    put('a', login('a'))
    await vi.waitFor(() => expect(names()).toEqual(['a/p']))
    put('a', undefined)
    await vi.waitFor(() => expect(events).toEqual(['open a/p', 'close a/p']))
    await tenants.close()
  })

  it('tries one again that cannot be opened, and the others do not wait for it', async () => {
    let failures = 3
    const { put, names, clock, tenants } = rig(async ({ namespace }) => {
      if (namespace === 'a' && failures-- > 0) throw new Error('no')
    })
    put('a', login('a'))
    put('b', login('b'))
    await vi.waitFor(() => expect(names()).toEqual(['b/p']))
    expect(tenants.opening()).toBe(1)
    await clock.advance(10_000)
    await vi.waitFor(() => expect(names()).toEqual(['a/p', 'b/p']))
    await tenants.close()
  })

  it('ends the waiting of one that is being opened', async () => {
    const { put, events, tenants } = rig(
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    )
    put('a', login('a'))
    await vi.waitFor(() => expect(tenants.opening()).toBe(1))
    await tenants.close()
    expect(events).toEqual([])
  })
})
