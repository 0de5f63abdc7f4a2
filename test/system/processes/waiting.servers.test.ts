import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { callManagement, describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import { startProgram } from '../../rig/faults/process-under-test.ts'

const closers: (() => Promise<unknown>)[] = []
let ending = new AbortController()
afterEach(async () => {
  ending.abort()
  ending = new AbortController()
  for (const close of closers.splice(0).toReversed()) await close()
})

describeOnServers('on servers', ({ rabbit, mongo }) => {
  describe.each(['runner', 'recorder'] as const)('a %s whose broker refuses it', (program) => {
    it('goes on trying, says in its log once for each reason, and at /readyz, since when; then works', async () => {
      const vhost = await freshVhost(rabbit)
      const database = freshDatabase(mongo)
      closers.push(vhost.close, database.close)
      const name = `late-${vhost.vhost}`
      const api = (path: string, body: unknown): Promise<unknown> =>
        callManagement(rabbit.managementUrl, 'PUT', `/api${path}`, body)
      closers.push(() => callManagement(rabbit.managementUrl, 'DELETE', `/api/users/${name}`))
      await api(`/users/${name}`, { password: 'another', tags: '' })
      const url = Object.assign(new URL(vhost.amqpUrl), { username: name, password: 's3cret' })
      const port = await freePort()
      const starting = startProgram(
        program,
        { WEIR_BROKER_URL: url.href, WEIR_STORE_URL: database.url, WEIR_HTTP_PORT: `${port}` },
        ending.signal,
      )
      starting.catch(() => {})
      const server = `RabbitMQ at ${url.host}, vhost "${vhost.vhost}" `
      const [since] = await untilNotReady(
        port,
        `${server}answered 403 ACCESS_REFUSED`,
        `check user and password of "${name}"`,
      )
      await api(`/users/${name}`, { password: 's3cret', tags: '' })
      expect(await untilNotReady(port, `${server}does not open this vhost for "${name}"; `)).toEqual([since])
      await api(`/permissions/${encodeURIComponent(vhost.vhost)}/${name}`, { configure: '.*', write: '.*', read: '.*' })
      const process = await starting
      expect(await readiness(port)).toEqual({ status: 200, body: 'ok\n' })
      const told = process.logged().filter(({ msg }) => msg === 'broker not connected, it is tried again')
      expect(told.map(({ reason }) => String(reason).includes('403'))).toEqual([true, false])
      expect(new Set(told.map((line) => line['since']))).toEqual(new Set([Date.parse(since ?? '')]))
      expect(JSON.stringify(process.logged())).not.toContain('s3cret')
      expect(await process.end()).toBe(0)
    })
  })

  it('names both servers at /readyz when neither is there', async () => {
    const port = await freePort()
    const nowhere = `127.0.0.1:${await freePort()}`
    const urls = {
      WEIR_BROKER_URL: `amqp://me:s3cret@${nowhere}/shop`,
      WEIR_STORE_URL: `mongodb://me:s3cret@${nowhere}/shop`,
    }
    startProgram('runner', { ...urls, WEIR_HTTP_PORT: `${port}` }, ending.signal).catch(() => {})
    const since = await untilNotReady(
      port,
      `RabbitMQ at ${nowhere}, vhost "shop" refused the connection`,
      `MongoDB at ${nowhere}`,
    )
    expect(since).toHaveLength(2)
  })
})

/** Gives since when, of all that is in the way. */
async function untilNotReady(port: number, ...says: readonly string[]): Promise<string[]> {
  let body = ''
  const look = async (): Promise<void> => {
    // Refused as long as it has not come so far.
    const answer = await readiness(port)
    body = answer.body
    expect(answer.status).toBe(503)
    for (const part of says) expect(body).toContain(part)
  }
  await vi.waitFor(look, { timeout: 60_000, interval: 100 })
  expect(body).not.toContain('s3cret')
  return [...body.matchAll(/\(since (\S+)\)$/gm)].map(([, since = '']) => since)
}

async function readiness(port: number): Promise<{ readonly status: number; readonly body: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
  return { status: answer.status, body: await answer.text() }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
