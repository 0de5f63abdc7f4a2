import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Beside the programs' directory. */
const cacheDirectory = 'compiled'
/** A program that has told nothing by then is not going to. */
const lateMs = 30_000

/**
 * A door before a program: what Node has compiled is kept from one start to the next. Portable, so that it is found where the directory is copied to.
 * Of another version of Node, or where it is not there and cannot be written, everything is compiled as it would be without.
 */
export async function writeDoor(directory: string, program: string, main: string): Promise<void> {
  const text = `const { enableCompileCache } = process.getBuiltinModule('node:module')
enableCompileCache({ directory: import.meta.dirname + '/../${cacheDirectory}', portable: true })
await import('./${main}')
`
  await writeFile(join(directory, `${program}.mjs`), text)
}

/**
 * Fills the cache: each program is started once, and ended when it says that no server is there. By then it has loaded all that a start loads.
 *
 * @throws when one cannot be started: it was bundled wrong
 */
export async function compilePrograms(directory: string, programs: readonly string[]): Promise<void> {
  await mkdir(join(directory, '..', cacheDirectory), { recursive: true })
  const plans = await mkdtemp(join(tmpdir(), 'weir-plans-'))
  try {
    for (const program of programs) await startOnce(join(directory, `${program}.mjs`), plans)
  } finally {
    await rm(plans, { recursive: true, force: true })
  }
}

async function startOnce(program: string, plans: string): Promise<void> {
  const env = {
    // A port that nobody listens on, and nobody may.
    WEIR_BROKER_URL: 'amqp://127.0.0.1:1',
    WEIR_STORE_URL: 'mongodb://127.0.0.1:1/none',
    WEIR_PLANS: plans,
    WEIR_HTTP_PORT: '0',
    WEIR_HTTP_HOST: '127.0.0.1',
  }
  const started = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const signal = AbortSignal.timeout(lateMs)
  try {
    const exited = once(started, 'exit', { signal })
    let told = ''
    started.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text
      if (told.includes('is tried again')) started.kill('SIGTERM')
    })
    const [code] = (await exited) as [number | null]
    if (code !== 0) throw new Error(`${program} cannot be started, it ended with ${String(code)}: ${told}`)
  } finally {
    started.kill('SIGKILL')
  }
}
