import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Cutter } from '../../env/cutter.ts'
import { openCutter } from '../../env/cutter.ts'
import type { FreshDatabase, FreshVhost } from '../../env/servers.ts'
import { callManagement, describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import type { WeirProcess } from './weir-process.ts'
import { folderOf, startWeir, weir } from './weir-process.ts'

const flow = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders}
spec:
  triggers: [{name: hook, webhook: {path: /in, auth: {none: {}}}}, {name: tick, schedule: {cron: "* * * * * *"}}]
  steps: [{name: say, log: '"got " & $string(data.id)'}]
`

describeOnServers('weir run, when a server', ({ rabbit, mongo }) => {
  let vhost: FreshVhost
  let database: FreshDatabase
  let folder: ReturnType<typeof folderOf>
  let running: WeirProcess[]
  let cutters: Cutter[]

  beforeEach(async () => {
    vhost = await freshVhost(rabbit)
    database = freshDatabase(mongo)
    folder = folderOf({ 'flow.yaml': flow })
    running = []
    cutters = []
  })
  afterEach(async () => {
    for (const one of running) {
      one.signal('SIGKILL')
      await one.ended
    }
    for (const cutter of cutters) await cutter.close()
    folder.remove()
    await Promise.all([vhost.close(), database.close()])
  })

  const refused = async (urls: { readonly broker?: string; readonly store?: string }): Promise<string> => {
    const words = ['run', 'flow.yaml', '--port', '0']
    const { broker = vhost.amqpUrl, store = database.url } = urls
    const ended = await weir([...words, '--broker', broker, '--store', store], {
      cwd: folder.path,
      env: { RABBITMQ_MANAGEMENT_URL: '' },
    })
    expect([ended.code, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).not.toContain('s3cret')
    return ended.stderr
  }
  const changed = (text: string, change: (url: URL) => void): string => {
    const url = new URL(text)
    change(url)
    return url.href
  }

  it('refuses the login, says so without the password', async () => {
    const { host } = new URL(vhost.amqpUrl)
    const broker = changed(vhost.amqpUrl, (url) => (url.password = 's3cret'))
    expect(await refused({ broker })).toMatch(
      new RegExp(`^error: RabbitMQ at ${host}, vhost "${vhost.vhost}" .*check user and password`),
    )
    const store = changed(database.url, (url) => Object.assign(url, { username: 'me', password: 's3cret' }))
    expect(await refused({ store })).toContain(
      `MongoDB at ${new URL(store).host}, database "${database.name}" refused the login: check user, password and authSource`,
    )
  })

  it('does not let the user declare what is needed, names it and the remedy', async () => {
    const user = `cli-${vhost.vhost}`
    const permissions = { configure: '^$', write: '.*', read: '.*' }
    await callManagement(rabbit.managementUrl, 'PUT', `/api/users/${user}`, { password: 's3cret', tags: '' })
    try {
      const broker = changed(vhost.amqpUrl, (url) => Object.assign(url, { username: user, password: 's3cret' }))
      expect(await refused({ broker })).toContain('give the user permissions on it')
      await callManagement(rabbit.managementUrl, 'PUT', `/api/permissions/${vhost.vhost}/${user}`, permissions)
      expect(await refused({ broker })).toMatch(
        new RegExp(` has no exchange "unrouted", and the user "${user}" may not declare it; `),
      )
    } finally {
      await callManagement(rabbit.managementUrl, 'DELETE', `/api/users/${user}`)
    }
  })

  it('is another kind of server, says that it does not answer', async () => {
    const broker = changed(vhost.amqpUrl, (url) => (url.host = new URL(database.url).host))
    expect(await refused({ broker })).toContain(`RabbitMQ at ${new URL(broker).host}`)
    const store = `mongodb://${new URL(vhost.amqpUrl).host}/shop`
    expect(await refused({ store })).toContain(`MongoDB at ${new URL(store).host}, database "shop" cannot be reached`)
  })

  it('goes away during the run: told once with since when, once when it is back, and nothing is lost', async () => {
    const cutter = await openCutter(vhost.amqpUrl)
    cutters.push(cutter)
    const one = startWeir(['run', 'flow.yaml', '--port', '0', '--broker', cutter.url, '--store', database.url], {
      cwd: folder.path,
      env: { RABBITMQ_MANAGEMENT_URL: '' },
    })
    running.push(one)
    const [, url] = await one.says(/POST {2}(http\S+)\n/)
    const post = (id: number): Promise<Response> =>
      fetch(url!, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id }),
      })
    expect((await post(1)).status).toBe(202)
    await one.says(/got 1/)
    cutter.refuse()
    cutter.cut()
    await one.says(/RabbitMQ cannot be used, it is tried again; nothing is lost {2}since=\S+ reason=/)
    const meanwhile = await post(2)
    expect([meanwhile.status, meanwhile.headers.get('retry-after')]).toEqual([503, '5'])
    cutter.accept()
    await one.says(/RabbitMQ can be used again {2}durationMs=\d+/)
    expect((await post(3)).status).toBe(202)
    await one.says(/got 3/)
    one.type('SIGINT')
    const { code, stderr } = await one.ended
    expect(code).toBe(0)
    const about = stderr.split('\n').filter((line) => /RabbitMQ|[Bb]roker/.test(line) && !line.startsWith('on '))
    expect(about).toHaveLength(2)
  })
})
