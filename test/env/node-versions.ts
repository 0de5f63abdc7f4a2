import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { firstLines, installed } from './cache-directory.ts'

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
  try {
    const directory = await installed({
      name: `node-${version}`,
      isUsable: (directory) => isRunnable(programIn(directory)),
      install: (directory) => install(version, directory),
    })
    const path = programIn(directory)
    return { kind: 'found', path, version: (await run(path, ['--version'])).stdout.trim() }
  } catch (error) {
    return { kind: 'missing', reason: `Node ${version} could not be installed: ${firstLines(error)}` }
  }
}

function programIn(directory: string): string {
  return join(directory, 'node_modules', 'node', 'bin', 'node')
}

async function isRunnable(path: string): Promise<boolean> {
  return run(path, ['--version']).then(
    () => true,
    () => false,
  )
}

async function install(version: string, directory: string): Promise<void> {
  await writeFile(join(directory, 'package.json'), '{ "private": true }\n')
  const npm = ['install', '--no-audit', '--no-fund', '--save-exact', `node@${version}`]
  await run('npm', npm, { cwd: directory, timeout: installTimeoutMs })
}
