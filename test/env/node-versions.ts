import { execFile } from 'node:child_process'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** An older Node, or why there is none: the tests that need one are then skipped with that reason. */
export type NodeVersion =
  | { readonly kind: 'found'; readonly path: string; readonly version: string }
  | { readonly kind: 'missing'; readonly reason: string }

/** What npm installs for a major version; pinned, so that a run is like the one before. */
const pinned: Readonly<Record<number, string>> = { 8: '8.17.0', 12: '12.22.12' }

const installTimeoutMs = 120_000

/** Finds a Node of that major version in the cache, or installs it there from the npm registry. Safe to call from several processes. */
export async function findNode(major: number): Promise<NodeVersion> {
  const version = pinned[major]
  if (version === undefined) return { kind: 'missing', reason: `no version of Node ${major} is pinned` }
  const directory = join(cacheDirectory(), `node-${version}`)
  const path = join(directory, 'node_modules', 'node', 'bin', 'node')
  try {
    if (!(await isRunnable(path))) await install(version, directory)
    return { kind: 'found', path, version: (await run(path, ['--version'])).stdout.trim() }
  } catch (error) {
    return { kind: 'missing', reason: `Node ${version} could not be installed: ${firstLine(error)}` }
  }
}

function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weir')
}

async function isRunnable(path: string): Promise<boolean> {
  return run(path, ['--version']).then(
    () => true,
    () => false,
  )
}

/** Beside its place first, then moved: another process sees all of it or nothing. */
async function install(version: string, directory: string): Promise<void> {
  const building = `${directory}.${process.pid}`
  await mkdir(building, { recursive: true })
  try {
    await writeFile(join(building, 'package.json'), '{ "private": true }\n')
    const npm = ['install', '--no-audit', '--no-fund', '--save-exact', `node@${version}`]
    await run('npm', npm, { cwd: building, timeout: installTimeoutMs })
    if (!(await isRunnable(join(building, 'node_modules', 'node', 'bin', 'node'))))
      throw new Error('it does not run on this machine')
    await rm(directory, { recursive: true, force: true })
    await rename(building, directory)
  } finally {
    await rm(building, { recursive: true, force: true })
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.trim().split('\n').slice(0, 2).join(' ')
}
