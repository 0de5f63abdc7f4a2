import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { freePorts } from './free-ports.ts'

const many = 300

/** As many ports as a process is given that then lives on. */
async function portsOfAnother(): Promise<{ readonly ports: readonly number[]; readonly end: () => Promise<unknown> }> {
  const program = `
    const { freePorts } = await import(${JSON.stringify(join(import.meta.dirname, 'free-ports.ts'))})
    console.log(JSON.stringify(await freePorts(${many})))
    setInterval(() => {}, 1000)`
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: [...stdio] })
  const [line] = (await once(child.stdout?.setEncoding('utf8') ?? child, 'data')) as [string]
  const end = (): Promise<unknown> => {
    child.kill('SIGKILL')
    return once(child, 'exit')
  }
  return { ports: JSON.parse(line) as number[], end }
}

it.runIf(process.platform === 'linux')('gives no port to two processes at a time', async () => {
  const others = await Promise.all([portsOfAnother(), portsOfAnother()])
  const all = [...(await freePorts(many)), ...others.flatMap(({ ports }) => ports)]
  expect(new Set(all).size).toBe(3 * many)
  await Promise.all(others.map(({ end }) => end()))
})

it('leaves the ports free for a server', async () => {
  const [port = 0] = await freePorts(1)
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  server.close()
})
