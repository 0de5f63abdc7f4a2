import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { bundlePrograms, programsDirectory } from '../../../runtime/bundle/bundle-programs.ts'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'

const waiting = { timeout: 60_000, interval: 50 }
const probes = { WEIR_HTTP_PORT: '0', WEIR_HTTP_HOST: '127.0.0.1' }
/** Nobody listens there, and nobody may. */
const nowhere = '127.0.0.1:1'
const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{ name: none, cluster: { server: 'https://${nowhere}' } }]
users: [{ name: nobody, user: { token: none } }]
contexts: [{ name: none, context: { cluster: none, user: nobody } }]
current-context: none
`

interface Program {
  readonly process: ChildProcess
  readonly port: number
}

describeOnServers('the programs as images have them, without node_modules', ({ rabbit, mongo }) => {
  const closers: (() => Promise<unknown>)[] = []
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weir-bundle-'))
    await bundlePrograms(join(directory, 'dist'))
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  /** When it says that it is ready. */
  async function start(name: string, variables: Readonly<Record<string, string>>): Promise<Program> {
    const program = join(directory, 'dist', programsDirectory, `${name}.mjs`)
    const env = { ...probes, ...variables }
    const started = spawn(process.execPath, [program], { env, cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] })
    closers.push(async () => started.kill('SIGKILL'))
    let told = ''
    started.stdout.setEncoding('utf8').on('data', (text: string) => (told += text))
    const ready = await vi.waitFor(() => {
      expect(told).not.toContain('"level":"fatal"')
      return told.split('\n').find((line) => line.includes('"msg":"ready"')) ?? expect.unreachable(told)
    }, waiting)
    const { port } = JSON.parse(ready) as { readonly port: number }
    return { process: started, port }
  }

  async function end({ process: ending }: Program): Promise<unknown> {
    const exited = once(ending, 'exit')
    ending.kill('SIGTERM')
    return (await exited)[0]
  }

  it.each(['runner', 'recorder'])('%s works with RabbitMQ and MongoDB', async (name) => {
    const vhost = await freshVhost(rabbit)
    closers.push(vhost.close)
    const database = freshDatabase(mongo)
    closers.push(database.close)
    const program = await start(name, { WEIR_BROKER_URL: vhost.amqpUrl, WEIR_STORE_URL: database.url })
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${program.port}/metrics`)).text()
      expect(metrics).toMatch(/^weir_broker_ready 1$/m)
      expect(metrics).toMatch(/^weir_store_ready 1$/m)
    }, waiting)
    expect(await end(program)).toBe(0)
  })

  it('the operator starts before its servers are there, and ends when it is told to', async () => {
    const file = join(directory, 'kubeconfig')
    await writeFile(file, kubeconfig)
    const operator = await start('operator', {
      KUBECONFIG: file,
      WEIR_BROKER_URL: `amqp://${nowhere}`,
      WEIR_BROKER_MANAGEMENT_URL: `http://user:password@${nowhere}`,
      WEIR_STORE_URL: `mongodb://${nowhere}`,
      WEIR_TENANT_KEY: 'k'.repeat(16),
    })
    const metrics = await (await fetch(`http://127.0.0.1:${operator.port}/metrics`)).text()
    expect(metrics).toContain('leader_election_master_status')
    expect(await end(operator)).toBe(0)
  })
})
