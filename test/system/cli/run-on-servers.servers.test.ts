import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { FreshDatabase, FreshVhost } from '../../env/servers.ts'
import { callManagement, describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import type { Ended, StartOptions, WeirProcess } from './weir-process.ts'
import { folderOf, jsonLines, startWeir, weir } from './weir-process.ts'

type Steps = Readonly<Record<string, string>>

/** A flow whose last step writes a line to a file, by a component of the same file. */
function flowOf({ trigger, steps = {}, name = 'orders' }: { trigger: string; steps?: Steps; name?: string }): string {
  const all = {
    ...steps,
    write: 'component: pen, function: write, config: {file: OUT}, onError: {retry: {maxAttempts: 1}}',
  }
  const lines = Object.entries(all).map(([step, text]) => `  - {name: ${step}, ${text}}`)
  return `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: ${name}}
spec:
  triggers: [${trigger}]
  steps:
${lines.join('\n')}
---
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: pen}
spec:
  source:
    files:
      write.js: |
        const { appendFileSync } = require('fs')
        exports.process = async function (msg, cfg) {
          if (msg.data.fail) throw new Error('it is broken')
          appendFileSync(cfg.file, JSON.stringify(msg.data) + '\\n')
          return { data: msg.data }
        }
`
}

const hook = '{name: hook, webhook: {path: /in, auth: {none: {}}}}'
const byHand = '{name: by-hand, manual: {}}'

describeOnServers('weir run --broker --store', ({ rabbit, mongo }) => {
  let vhost: FreshVhost
  let database: FreshDatabase
  let folder: ReturnType<typeof folderOf>
  let running: WeirProcess[]
  let out: string

  beforeEach(async () => {
    vhost = await freshVhost(rabbit)
    database = freshDatabase(mongo)
    folder = folderOf({ out: '' })
    out = join(folder.path, 'out')
    running = []
  })
  afterEach(async () => {
    for (const one of running) {
      one.signal('SIGKILL')
      await one.ended
    }
    folder.remove()
    await Promise.all([vhost.close(), database.close()])
  })

  const write = (files: Readonly<Record<string, string>>): void =>
    folder.write(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replaceAll('OUT', out)])))
  const options = (): StartOptions => ({
    cwd: folder.path,
    env: { WEIR_BROKER: vhost.amqpUrl, WEIR_STORE: database.url, RABBITMQ_MANAGEMENT_URL: '' },
  })
  const start = (...words: string[]): WeirProcess => {
    const one = startWeir(['run', '--port', '0', ...words], options())
    running.push(one)
    return one
  }
  const stop = async (one: WeirProcess): Promise<Ended> => {
    one.type('SIGINT')
    return one.ended
  }
  const urlOf = async (one: WeirProcess): Promise<string> => (await one.says(/POST {2}(http\S+)\n/))[1]!
  const post = async (url: string, data: object): Promise<number> =>
    (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(data) }))
      .status
  const written = (): any[] => jsonLines(readFileSync(out, 'utf8')) // oxlint-disable-line typescript/no-explicit-any -- they hold anything
  const untilWritten = (count: number): Promise<void> =>
    vi.waitFor(() => expect(written()).toHaveLength(count), { timeout: 60_000, interval: 100 })

  it('says where it is, leaves what waits in RabbitMQ, and the next one goes on with it', async () => {
    write({ 'flow.yaml': flowOf({ trigger: hook, steps: { pause: 'wait: {seconds: 12}' } }) })
    const first = start('flow.yaml')
    const url = await urlOf(first)
    const { host } = new URL(vhost.amqpUrl)
    expect(first.stderr()).toContain(`on RabbitMQ at ${host}, vhost "${vhost.vhost}", and MongoDB at `)
    expect(await Promise.all([1, 2].map((id) => post(url, { id })))).toEqual([202, 202])
    const ended = await stop(first)
    expect(ended.code).toBe(0)
    expect(ended.stderr).toContain(
      `2 messages wait in RabbitMQ at ${host}, vhost "${vhost.vhost}": the next run goes on with them\n`,
    )
    expect(written()).toEqual([])
    const second = start('flow.yaml')
    await second.says(/flow orders, revision 1\n/)
    await untilWritten(2)
    const last = await stop(second)
    expect(last.stderr).toContain('finished: 2 messages left the last steps\n')
    expect(first.stderr() + second.stderr()).not.toContain('guest')
  })

  it('loses nothing when it is killed: the next one goes on', async () => {
    write({ 'flow.yaml': flowOf({ trigger: hook }) })
    const first = start('flow.yaml')
    const url = await urlOf(first)
    const ids = Array.from({ length: 200 }, (_, id) => id)
    const answers = await Promise.all(ids.map((id) => post(url, { id })))
    first.signal('SIGKILL')
    await first.ended
    const second = start('flow.yaml')
    const accepted = ids.filter((id) => answers[id] === 202)
    await vi.waitFor(() => expect(new Set(written().map(({ id }) => id))).toEqual(new Set(accepted)), {
      timeout: 60_000,
    })
    expect((await stop(second)).code).toBe(0)
  })

  it('runs beside itself: each fire runs once, and the work is shared', async () => {
    const tick = '{name: tick, schedule: {cron: "* * * * * *"}}'
    write({ 'flow.yaml': flowOf({ trigger: `${hook}, ${tick}` }) })
    const both = [start('flow.yaml'), start('flow.yaml')]
    const urls = await Promise.all(both.map(urlOf))
    const ids = Array.from({ length: 100 }, (_, id) => id)
    await Promise.all(ids.map(async (id) => expect(await post(urls[id % 2]!, { id })).toBe(202)))
    await vi.waitFor(() => expect(written().length).toBeGreaterThan(ids.length + 8), { timeout: 60_000 })
    for (const one of both) expect((await stop(one)).code).toBe(0)
    const sent = written().flatMap(({ id }) => (id === undefined ? [] : [id as number]))
    expect(sent.toSorted((left, right) => left - right)).toEqual(ids)
    const fires = written().flatMap(({ scheduledAt }) => (scheduledAt === undefined ? [] : [scheduledAt as string]))
    expect(new Set(fires).size).toBe(fires.length)
  })

  it('leaves a step whose component it does not have to a run that has it', async () => {
    const old = flowOf({ trigger: hook })
    write({ 'old.yaml': old })
    const one = start('old.yaml')
    await urlOf(one)
    const extra = `---\napiVersion: weir.dev/v1alpha1\nkind: Component\nmetadata: {name: extra}\nspec: {source: {files: {add.js: "exports.process = async (msg) => ({data: {...msg.data, extra: true}})"}}}\n`
    write({
      'new.yaml': flowOf({ trigger: hook, steps: { add: 'component: extra, function: add' } }) + extra,
    })
    const other = start('new.yaml')
    await other.says(/flow orders, revision 2\n/)
    await one.says(/step not run here, its component is not in the files {2}flow=orders step=add component=extra/)
    const url = await urlOf(other)
    const ids = [1, 2, 3, 4, 5, 6]
    for (const id of ids) expect(await post(url, { id })).toBe(202)
    await untilWritten(ids.length)
    expect(written().map(({ extra: isExtra }) => isExtra)).toEqual(ids.map(() => true))
    for (const each of [one, other]) expect((await stop(each)).stderr).not.toContain('dead letter')
  })

  it('follows an edit, and finishes under the old revision what had started', async () => {
    const text = (word: string): string =>
      flowOf({ trigger: hook, steps: { pause: 'wait: {seconds: 8}', say: `transform: '{"word": "${word}"}'` } })
    write({ 'flow.yaml': text('old') })
    const one = start('flow.yaml', '--watch')
    const url = await urlOf(one)
    expect(await post(url, {})).toBe(202)
    writeFileSync(join(folder.path, 'flow.yaml'), text('new').replaceAll('OUT', out))
    await one.says(/flow orders, revision 2\n/)
    expect(await post(url, {})).toBe(202)
    await untilWritten(2)
    expect(written()).toEqual([{ word: 'old' }, { word: 'new' }])
    expect((await stop(one)).code).toBe(0)
  })

  it('keeps dead letters and runs where the other commands find them', async () => {
    write({ 'flow.yaml': flowOf({ trigger: byHand }) })
    const fired = await weir(['run', 'flow.yaml', '--once', '--data', '{"fail": true}'], options())
    expect([fired.code, fired.stdout]).toEqual([1, ''])
    expect(fired.stderr).toContain('dead letter orders/write')
    const fine = await weir(['run', 'flow.yaml', '--once', '--data', '{"id": 1}'], options())
    expect([fine.code, jsonLines(fine.stdout)]).toEqual([0, [expect.objectContaining({ data: { id: 1 } })]])
    const letters = await weir(['dead-letters', 'list', '--output', 'json'], options())
    expect(JSON.parse(letters.stdout)).toMatchObject([{ flow: 'default/orders', step: 'write' }])
    const runs = await weir(['runs', '--output', 'json'], options())
    expect(JSON.parse(runs.stdout)).toHaveLength(2)
  })

  it('shows health and metrics on --http-port', async () => {
    write({ 'flow.yaml': flowOf({ trigger: hook }) })
    const one = start('flow.yaml', '--http-port', '0')
    const [, base] = await one.says(/health and metrics {2}(http\S+)\/readyz/)
    await post(await urlOf(one), { id: 1 })
    await untilWritten(1)
    expect(await (await fetch(`${base}/readyz`)).text()).toBe('ok\n')
    await vi.waitFor(async () =>
      expect(await (await fetch(`${base}/metrics`)).text()).toContain(
        'weir_messages_received_total{namespace="default",flow="orders",step="write"} 1\n',
      ),
    )
    const taken = await weir(['run', 'flow.yaml', '--http-port', new URL(base!).port], options())
    expect([taken.code, taken.stderr]).toEqual([2, expect.stringContaining('set --http-port to a free port')])
    await stop(one)
  })

  it('makes the vhost with --broker-management, and lets the user of the URL in', async () => {
    write({ 'flow.yaml': flowOf({ trigger: byHand }) })
    const user = `cli-${vhost.vhost}`
    await callManagement(rabbit.managementUrl, 'PUT', `/api/users/${user}`, { password: 's3cret', tags: '' })
    const broker = new URL(vhost.amqpUrl)
    broker.username = user
    broker.password = 's3cret'
    const made = `${vhost.vhost}-made`
    broker.pathname = `/${made}`
    const given = options()
    const env = { ...given.env, WEIR_BROKER: broker.href }
    const once = ['run', 'flow.yaml', '--once', '--data', '{"id": 1}']
    try {
      const without = await weir(once, { ...given, env })
      expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('create it, or check its name')])
      const twice = [...once, '--broker-management', rabbit.managementUrl]
      for (const ended of [await weir(twice, { ...given, env }), await weir(twice, { ...given, env })])
        expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining(`vhost "${made}"`)])
      const policies = await callManagement(rabbit.managementUrl, 'GET', `/api/policies/${made}`)
      expect(policies).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'weir-messages' })]))
      broker.username = 'nobody'
      const nobody = await weir(twice, { ...given, env: { ...env, WEIR_BROKER: broker.href } })
      expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('has no user "nobody"')])
    } finally {
      await callManagement(rabbit.managementUrl, 'DELETE', `/api/vhosts/${made}`)
      await callManagement(rabbit.managementUrl, 'DELETE', `/api/users/${user}`)
    }
  })
})
