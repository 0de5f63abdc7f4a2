import { afterEach, describe, expect, it } from 'vitest'
import type { HealthServer } from './open-health-server.ts'
import { openHealthServer } from './open-health-server.ts'

const opened: HealthServer[] = []
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
})

async function open(troubles: () => readonly string[], text = async () => 'weir_up 1\n'): Promise<string> {
  const metrics = { contentType: 'text/plain; version=0.0.4', text }
  const server = await openHealthServer({ host: '127.0.0.1', port: 0, troubles, metrics })
  opened.push(server)
  return `http://127.0.0.1:${server.port}`
}

async function get(url: string, init?: RequestInit): Promise<{ status: number; body: string }> {
  const response = await fetch(url, init)
  return { status: response.status, body: await response.text() }
}

describe('openHealthServer', () => {
  it('is live whatever troubles there are, and ready when there is none', async () => {
    let troubles = ['RabbitMQ at rabbit:5672 does not answer', 'MongoDB is unreachable']
    const url = await open(() => troubles)
    expect(await get(`${url}/livez`)).toEqual({ status: 200, body: 'ok\n' })
    expect(await get(`${url}/readyz`)).toEqual({
      status: 503,
      body: 'RabbitMQ at rabbit:5672 does not answer\nMongoDB is unreachable\n',
    })
    troubles = []
    expect(await get(`${url}/readyz?verbose`)).toEqual({ status: 200, body: 'ok\n' })
  })

  it('gives the metrics, and says so when they cannot be read', async () => {
    const url = await open(() => [])
    const response = await fetch(`${url}/metrics`)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4')
    expect(await response.text()).toBe('weir_up 1\n')
    const broken = await open(
      () => [],
      () => Promise.reject(new Error('no')),
    )
    expect(await get(`${broken}/metrics`)).toMatchObject({ status: 500 })
  })

  it('tells what there is to whoever asks for anything else', async () => {
    const url = await open(() => [])
    expect(await get(`${url}/`)).toEqual({ status: 404, body: 'there are /livez, /readyz and /metrics\n' })
    expect(await get(`${url}/metrics`, { method: 'POST' })).toMatchObject({ status: 405 })
  })

  it('says which port is taken and what to do', async () => {
    const url = await open(() => [])
    const parts = { host: '127.0.0.1', port: Number(new URL(url).port), troubles: () => [] }
    const metrics = { contentType: 'text/plain', text: async () => '' }
    await expect(openHealthServer({ ...parts, metrics })).rejects.toMatchObject({
      code: 'PortUnusable',
      message: expect.stringContaining('set WEIR_HTTP_PORT to a free port') as string,
    })
  })
})
