import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { findRabbit } from './rabbit-program.ts'
import type { RabbitServer } from './rabbit.ts'

const timeoutMs = 60_000

/** `rabbitmqctl`, for the server alone: its environment has the names and the cookie. */
export async function controlRabbit(server: RabbitServer, ...args: readonly string[]): Promise<void> {
  const program = await findRabbit()
  if (program.kind === 'missing') throw new Error(program.reason)
  const environment = await readFile(`/proc/${server.pid()}/environ`, 'utf8')
  const env = Object.fromEntries(
    environment.split('\0').map((line): [string, string] => {
      const at = line.indexOf('=')
      return [line.slice(0, at), line.slice(at + 1)]
    }),
  )
  const command = join(dirname(program.server), 'rabbitmqctl')
  await promisify(execFile)(command, args, { env, timeout: timeoutMs })
}
