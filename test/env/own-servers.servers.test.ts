import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { afterEach, expect, it, vi } from 'vitest'
import { openCutter } from './cutter.ts'
import { openMongo } from './mongo.ts'
import { openRabbit } from './rabbit.ts'
import { callManagement, describeOnMongo, describeOnRabbit, describeOnRabbit4, freshVhost } from './servers.ts'

const open: { readonly close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

function later<Closeable extends { readonly close: () => Promise<void> }>(one: Closeable): Closeable {
  open.push(one)
  return one
}

async function version(managementUrl: string): Promise<unknown> {
  const overview = (await callManagement(managementUrl, 'GET', '/api/overview')) as { rabbitmq_version: string }
  return overview.rabbitmq_version
}

describeOnRabbit('a RabbitMQ of one’s own', () => {
  it('lives beside another and comes back with its data, killed or stopped', { timeout: 600_000 }, async () => {
    const [one, other] = await Promise.all([openRabbit({ config: ['default_vhost = mine'] }), openRabbit()])
    later(one)
    later(other)
    expect(await callManagement(one.managementUrl, 'GET', '/api/vhosts/mine')).toMatchObject({ name: 'mine' })
    const { vhost } = await freshVhost(one)
    const path = `/api/vhosts/${vhost}`
    expect(await callManagement(other.managementUrl, 'GET', path)).toBeUndefined()
    for (const end of [one.kill, one.stop]) {
      const pid = one.pid()
      await end()
      expect(() => process.kill(pid, 0)).toThrow('ESRCH')
      await expect(version(one.managementUrl)).rejects.toThrow('fetch failed')
      await one.start()
      expect(one.pid()).not.toBe(pid)
      expect(await callManagement(one.managementUrl, 'GET', path)).toMatchObject({ name: vhost })
    }
  })

  it('does not start with lines that it does not know, and says so', async () => {
    await expect(openRabbit({ config: ['nonsense.of.ours = 1'] })).rejects.toThrow('nonsense.of.ours')
  })
})

await describeOnRabbit4('a RabbitMQ 4', () => {
  it('starts beside a RabbitMQ 3', async () => {
    const server = later(await openRabbit({ version: 4 }))
    expect(await version(server.managementUrl)).toMatch(/^4\./)
  })
})

function ping(client: MongoClient): Promise<unknown> {
  return client.db('test').command({ ping: 1 }, { timeoutMS: 300 })
}

describeOnMongo('a MongoDB of one’s own', () => {
  it('comes back as primary with its data, killed or stopped', async () => {
    const server = later(await openMongo())
    const client = later(new MongoClient(server.url))
    const things = client.db('test').collection('things')
    await things.insertOne({ a: 1 }, { writeConcern: { w: 'majority', journal: true } })
    for (const end of [server.kill, server.stop]) {
      await end()
      await server.start()
      expect(await things.countDocuments()).toBe(1)
    }
  })

  it('answers nothing while it is frozen', async () => {
    const server = later(await openMongo())
    const client = later(new MongoClient(server.url, { connectTimeoutMS: 500, heartbeatFrequencyMS: 500 }))
    await client.db('test').command({ ping: 1 })
    server.freeze()
    // Its threads stop one after the other: what was just asked may still be answered.
    await vi.waitFor(() => expect(ping(client)).rejects.toThrow(/time(?:d ?)?out/i), 30_000)
    server.thaw()
    await vi.waitFor(() => client.db('test').command({ ping: 1 }), 30_000)
  })

  it('is reached through a cutter', async () => {
    const server = later(await openMongo())
    const cutter = later(await openCutter(server.url))
    const client = later(new MongoClient(cutter.url))
    await client.db('test').collection('things').insertOne({ a: 1 })
    expect(cutter.connections()).toBeGreaterThan(0)
    const done = cutter.cutAfter(20)
    // Writes are tried again by the driver: once, on a new connection.
    await client.db('test').collection('things').insertOne({ a: 2 })
    await done
    expect(await client.db('test').collection('things').countDocuments()).toBe(2)
  })

  it('does not outlive a process that is killed', async () => {
    const program = `
      const { openMongo } = await import(${JSON.stringify(join(import.meta.dirname, 'mongo.ts'))})
      const { pid } = await openMongo()
      const { readlinkSync } = await import('node:fs')
      console.log(pid(), readlinkSync('/proc/' + pid() + '/cwd'))
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    const [pid = '', directory = ''] = line.trim().split(' ')
    expect(existsSync(directory)).toBe(true)
    child.kill('SIGKILL')
    await vi.waitFor(() => expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH'), 10_000)
    await vi.waitFor(() => expect(existsSync(directory)).toBe(false), 10_000)
  })
})
