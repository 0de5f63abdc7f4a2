import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installed } from './cache-directory.ts'
import { unpackDebian, useOwnLibraries } from './debian-packages.ts'

const run = promisify(execFile)

export type Promtool =
  { readonly kind: 'found'; readonly path: string } | { readonly kind: 'missing'; readonly reason: string }

/** Prometheus' own tool: the system's, or Debian's, which is downloaded once. */
export async function findPromtool(): Promise<Promtool> {
  if (await answers('promtool')) return { kind: 'found', path: 'promtool' }
  const program = join('usr', 'bin', 'promtool')
  try {
    const directory = await installed({
      name: 'promtool-2.42',
      isUsable: (directory) => answers(join(directory, program)),
      install: async (directory, final) => {
        await unpackDebian('bookworm', ['prometheus', 'libc6'], directory)
        await useOwnLibraries(directory, final, [program])
      },
    })
    return { kind: 'found', path: join(directory, program) }
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return { kind: 'missing', reason: `no promtool here, and none could be downloaded (${why})` }
  }
}

async function answers(path: string): Promise<boolean> {
  try {
    await run(path, ['--version'])
    return true
  } catch {
    return false
  }
}
