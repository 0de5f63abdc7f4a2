import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startApps } from '../../../examples/contacts/apps/start.js'
import { root, startNode, weir } from './weir.ts'

// The example on ports of its own, so that it can run beside somebody's `make run`.
let folder: string
let apps: Awaited<ReturnType<typeof startApps>>

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-contacts-'))
  cpSync(join(root, 'examples', 'contacts'), folder, { recursive: true })
  apps = await startApps({ crmPort: 0, shopPort: 0 })
  const file = join(folder, 'flow.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    text.replaceAll('http://127.0.0.1:4801', apps.crmUrl).replaceAll('http://127.0.0.1:4802', apps.shopUrl),
  )
})

afterEach(() => {
  apps.close()
  rmSync(folder, { recursive: true })
})

const run = (...options: string[]) => weir('run', folder, '--once', '--state', join(folder, 'state'), ...options)

describe('contacts', () => {
  it('brings every contact to the shop that the shop takes, as its README says', async () => {
    const { code, lines, stderr } = await run()
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    const promised = [...readme.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line).data)
    const byId = (a: { id: number }, b: { id: number }) => a.id - b.id
    expect(lines.map(({ data }) => data).sort(byId), stderr).toEqual(promised.sort(byId))
    expect(lines.find(({ data }) => data.id === 5)?.metadata).toMatchObject({ http: { status: 201 } })
    expect(apps.shop.stored.vips.get('1')).toEqual({ name: 'Ada Lovelace', email: 'ada@example.org', spent: 1815 })
    expect(new Set(apps.shop.stored.contacts.keys())).toEqual(new Set(['2', '5', '7']))
    expect(stderr).toContain('RequestRejected')
    expect(stderr).toContain('is no email address')
    expect(stderr).not.toContain('shop-key"')
    expect(code).toBe(1)
  })

  it('sends only what has changed when it runs again', async () => {
    await run()
    const second = await run()
    expect({ code: second.code, stdout: second.stdout }, second.stderr).toEqual({ code: 0, stdout: '' })
    apps.crm.buy(2, 250)
    apps.crm.buy(7, 1000)
    const third = await run()
    expect(new Map(third.lines.map(({ step, data }) => [step, data])), third.stderr).toEqual(
      new Map([
        ['store', { id: 2, list: 'contacts', result: 'updated' }],
        ['vip', { id: 7, list: 'vips', result: 'created' }],
      ]),
    )
    expect(third.code).toBe(0)
  })

  it('misses nothing when the CRM is away for a while', async () => {
    const { port } = apps.crm.server.address() as AddressInfo
    apps.crm.server.closeAllConnections()
    await new Promise((resolve) => apps.crm.server.close(resolve))
    const away = await run()
    expect({ code: away.code, stdout: away.stdout }, away.stderr).toEqual({ code: 0, stdout: '' })
    await new Promise<void>((resolve) => apps.crm.server.listen(port, '127.0.0.1', () => resolve()))
    expect((await run()).lines).toHaveLength(5)
  })
})

describe('the launcher of contacts (make run)', () => {
  it('starts the applications and the flow, and ends cleanly with Ctrl-C', async () => {
    const launcher = startNode('examples/contacts/run.js')
    try {
      await launcher.says(/CRM http:\/\/127\.0\.0\.1:4801, shop/)
      await launcher.says(/dead letter contacts\/store/)
      launcher.signal('SIGINT')
      expect(await launcher.ended, launcher.stderr()).toBe(0)
    } finally {
      launcher.signal('SIGKILL')
    }
  })
})
