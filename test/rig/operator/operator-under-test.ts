import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { OperatorPlaces } from '../../env/operator-tests.ts'

/** An operator in a process of its own. */
export interface OperatorUnderTest {
  /** Of its probes, when they can be asked. Rejects when it has ended before that. */
  readonly url: () => Promise<string>
  /** SIGTERM; gives the exit code. */
  readonly end: () => Promise<number | null>
  readonly ended: () => Promise<number | null>
  /** SIGKILL. Safe to repeat. */
  readonly kill: () => Promise<void>
  /** SIGSTOP: its connections stay, and it answers nothing. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** All that it has said so far. */
  readonly output: () => string
}

const program = join(import.meta.dirname, '..', '..', '..', 'operator', 'operator-main.ts')

export function startOperatorProcess(
  { kubeApi, rabbit, mongo }: OperatorPlaces,
  environment: Readonly<Record<string, string>>,
): OperatorUnderTest {
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      WEIR_BROKER_URL: rabbit.amqpUrl,
      WEIR_BROKER_MANAGEMENT_URL: rabbit.managementUrl,
      WEIR_STORE_URL: mongo.url,
      WEIR_TENANT_KEY: 'a key that is nowhere to be seen',
      WEIR_HTTP_PORT: '0',
      WEIR_HTTP_HOST: '127.0.0.1',
      KUBECONFIG: kubeApi.kubeconfig,
      ...environment,
    },
  })
  let output = ''
  const ready = Promise.withResolvers<string>()
  const exited = once(child, 'exit').then(([code]) => {
    ready.reject(new Error(`the operator has ended: ${output}`))
    return code as number | null
  })
  ready.promise.catch(() => {})
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const port = /"port":(\d+),"msg":"ready"/.exec(output)?.[1]
      if (port !== undefined) ready.resolve(`http://127.0.0.1:${port}`)
    })
  }
  return {
    url: () => ready.promise,
    output: () => output,
    ended: () => exited,
    end: () => {
      child.kill('SIGTERM')
      return exited
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
