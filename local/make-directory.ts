import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileProblem } from './file-problem.ts'

/** A path has no more parts than that anywhere. */
const mostLevels = 4096

/**
 * Makes the directory and those above it that are missing, one level at a time: Node's own recursive `mkdir` asks again and
 * again for ever where a file system says of what is there that it is not (`/proc`).
 *
 * @throws {Error} of Node, with its code, when one cannot be made
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  const missing: string[] = []
  let level = resolve(path)
  while (!(await madeOrPresent(level, mode))) {
    missing.push(level)
    const above = dirname(level)
    if (above === level || missing.length > mostLevels) break
    level = above
  }
  for (const directory of missing.toReversed()) await mkdir(directory, { mode })
}

/** False when the one above it is missing. */
async function madeOrPresent(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode })
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return false
    if (code === 'EEXIST' && (await isDirectory(path))) return true
    throw error
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path)).isDirectory()
}

/** Why `makeDirectory` failed, in words that say what to do. */
export function directoryProblem(error: unknown): string {
  // What is missing above it would have been made.
  const isImpossible = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return isImpossible ? 'the file system makes no directory there' : fileProblem(error)
}
