import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Started } from './weir.ts'
import { freePort, root, startNode, weir } from './weir.ts'

const examples = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const components: Record<string, string[]> = {
  'old-component': ['--component', 'csv-lines=examples/old-component/components/csv-lines'],
  'oih-component': ['--component', 'orders=examples/oih-component/components/orders'],
}

const folders: string[] = []
const running: Started[] = []

afterEach(async () => {
  for (const { signal, ended } of running.splice(0)) {
    signal('SIGKILL')
    await ended
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function stateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-example-'))
  folders.push(folder)
  return folder
}

function start(...options: string[]): Started {
  const started = startNode('bin/weir.js', ...options)
  running.push(started)
  return started
}

/** The JSON lines that a README promises, with run and metadata left out. */
function promised(example: string): unknown[] {
  const text = readFileSync(join(root, 'examples', example, 'README.md'), 'utf8')
  const lines = [...text.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line) as Record<string, unknown>)
  if (lines.length === 0) throw new Error(`the README of ${example} shows no output`)
  return seen(lines)
}

const seen = (lines: readonly object[]) =>
  lines.map((line) => {
    const { run: _run, metadata: _metadata, ...rest } = line as Record<string, unknown>
    return rest
  })

describe('every example', () => {
  it.each(examples)('%s has a README and lints without a finding', async (example) => {
    expect(readFileSync(join(root, 'examples', example, 'README.md'), 'utf8')).toMatch(new RegExp(`^# ${example}\n`))
    const { code, stdout, stderr } = await weir(
      'lint',
      '--strict',
      `examples/${example}`,
      ...(components[example] ?? []),
    )
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: '' })
  })

  it('is in the list of examples', () => {
    const readme = readFileSync(join(root, 'examples', 'README.md'), 'utf8')
    expect(new Set([...readme.matchAll(/\]\(([\w-]+)\)/g)].map(([, name]) => name))).toEqual(new Set(examples))
  })
})

describe('split', () => {
  it('makes a message of each line that still knows its order, as its README says', async () => {
    const { code, lines, stderr } = await weir(
      'run',
      'examples/split',
      '--once',
      '--data',
      '@examples/split/order.json',
    )
    expect(seen(lines), stderr).toEqual(promised('split'))
    expect(code).toBe(0)
    expect(new Set(lines.map(({ run }) => run)).size).toBe(1)
  })

  it('gives nothing for an order without lines', async () => {
    const { code, stdout } = await weir('run', 'examples/split', '--once', '--data', '{"id":"A-8","lines":[]}')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  })
})

describe('inline-source', () => {
  it('counts words with two functions of one component, as its README says', async () => {
    const text = 'The river runs to the river mouth, the mouth to the river.'
    const { code, lines, stderr } = await weir(
      'run',
      'examples/inline-source',
      '--once',
      '--data',
      JSON.stringify({ text }),
    )
    expect(seen(lines), stderr).toEqual(promised('inline-source'))
    expect(code).toBe(0)
  })
})

describe('error-handling', () => {
  const payments = '@examples/error-handling/payments.json'

  it('ends each payment where its README says', async () => {
    const { code, lines, stderr } = await weir('run', 'examples/error-handling', '--once', '--data', payments)
    const ends = lines.toSorted((a, b) => JSON.stringify(a.data).localeCompare(JSON.stringify(b.data)))
    expect(
      ends.map(({ step, data }) => ({ step, data })),
      stderr,
    ).toEqual([
      { step: 'explain', data: { payment: 3, why: 'CardDeclined', says: 'declined', step: 'charge', attempts: 1 } },
      {
        step: 'explain',
        data: { payment: 4, why: 'ComponentFailed', says: 'the bank does not answer', step: 'charge', attempts: 3 },
      },
      { step: 'thank', data: { thanked: 'one@example.org', attempts: 1 } },
      { step: 'thank', data: { thanked: 'two@example.org', attempts: 3 } },
    ])
    expect(seen(ends)).toEqual(expect.arrayContaining(promised('error-handling')))
    expect(stderr).toContain('NotPositive')
    expect(stderr).toContain('payment 6 is about -1')
    expect(code).toBe(1)
  })
})

describe('old-component', () => {
  const run = ['run', 'examples/old-component', ...components['old-component']!, '--once', '--data'] as const

  it('runs an elastic.io component as it is, as its README says', async () => {
    const { code, lines, stderr } = await weir(...run, JSON.stringify({ csv: 'article;price\npen;1.20\nink;4.75' }))
    expect(seen(lines), stderr).toEqual(promised('old-component'))
    expect(code).toBe(0)
  })
})

describe('oih-component', () => {
  it('runs an OIH component as it is, and goes on where it stopped, as its README says', async () => {
    const run = ['run', 'examples/oih-component', ...components['oih-component']!, '--once', '--state', stateFolder()]
    const first = await weir(...run)
    expect(seen(first.lines), first.stderr).toEqual(promised('oih-component'))
    expect(first.lines[0]!.metadata).toMatchObject({ recordUid: 'stored-o-1', applicationUid: 'order-system' })
    const second = await weir(...run)
    expect({ code: second.code, stdout: second.stdout }, second.stderr).toEqual({ code: 0, stdout: '' })
  })
})

describe('schedule', () => {
  it('runs once when asked, with the time as if it had been due', async () => {
    const { code, lines, stderr } = await weir('run', 'examples/schedule', '--once', '--trigger', 'reports/nightly')
    expect(
      lines.map(({ step, data }) => ({ step, data })),
      stderr,
    ).toEqual([{ step: 'say', data: { trigger: 'nightly', hour: expect.stringMatching(/^\d\d:\d\d$/), full: true } }])
    expect(code).toBe(0)
  })

  it('asks which trigger is meant', async () => {
    const { code, stderr } = await weir('run', 'examples/schedule', '--once')
    expect(stderr).toContain('often')
    expect(stderr).toContain('nightly')
    expect(code).not.toBe(0)
  })

  it('reports every two seconds, until it is stopped', async () => {
    const flow = start('run', 'examples/schedule')
    await flow.says(/the often report of [^]*the often report of /)
    flow.signal('SIGINT')
    expect(await flow.ended, flow.stderr()).toBe(0)
  })
})

describe('webhook-sync', () => {
  it('answers each request on its own connection', async () => {
    const port = await freePort()
    const flow = start('run', 'examples/webhook-sync', '--port', String(port))
    await flow.says(new RegExp(`${port}`))
    const ask = async (country: string, body: string, headers: object = { 'x-api-key': 'let-me-in' }) => {
      const response = await fetch(`http://127.0.0.1:${port}/hooks/default/quotes/${country}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      })
      return { status: response.status, run: response.headers.get('x-run'), body: await response.json() }
    }
    const first = await ask('FR', '{"kilos": 2.5}')
    expect(first).toEqual({ status: 200, run: expect.any(String), body: { country: 'FR', price: 10.85 } })
    const [de, other, light, nobody, broken] = await Promise.all([
      ask('DE', '{"kilos": 1}'),
      ask('NZ', '{"kilos": 1}'),
      ask('DE', '{"kilos": 0}'),
      ask('DE', '{"kilos": 1}', {}),
      ask('DE', '{"kilos": '),
    ])
    expect(de.body).toEqual({ country: 'DE', price: 5.7 })
    expect(other.body).toEqual({ country: 'NZ', price: 20.2 })
    expect(light).toMatchObject({ status: 422, body: { error: 'kilos must be more than 0' } })
    expect(nobody.status).toBe(401)
    expect(broken.status).toBe(400)
    flow.signal('SIGINT')
    expect(await flow.ended, flow.stderr()).toBe(0)
  })
})
