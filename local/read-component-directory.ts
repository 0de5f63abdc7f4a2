import { readFile, readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** Texts of a component directory by their paths from its root: what a contract is read from. */
export type ComponentTexts = Readonly<Record<string, string>>

const readableName = /\.([cm]?[jt]s|json)$/i
const mostFiles = 500
const mostBytes = 1_000_000

/**
 * The directory's sources and JSON files, those at its root first, without `node_modules`; files over 1 MB and beyond the first 500 are left out.
 *
 * @throws {Error} of the file system
 */
export async function readComponentDirectory(directory: string): Promise<ComponentTexts> {
  const paths = await pathsBelow(directory)
  const texts = await Promise.all(paths.map((path) => readText(directory, path)))
  return Object.fromEntries(texts.filter((entry) => entry !== undefined))
}

/** Level by level, so that component.json is found however much lies below. */
async function pathsBelow(root: string): Promise<string[]> {
  const found: string[] = []
  const directories = [root]
  for (let directory = directories.shift(); directory !== undefined; directory = directories.shift()) {
    const entries = await readdir(directory, { withFileTypes: true })
    for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
      const path = join(directory, entry.name)
      if (isCodeDirectory(entry)) directories.push(path)
      else if (readableName.test(entry.name)) found.push(relative(root, path).split(sep).join('/'))
      if (found.length === mostFiles) return found
    }
  }
  return found
}

function isCodeDirectory(entry: { readonly name: string; readonly isDirectory: () => boolean }): boolean {
  return entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.')
}

async function readText(directory: string, path: string): Promise<readonly [string, string] | undefined> {
  const file = join(directory, path)
  const found = await stat(file)
  if (!found.isFile() || found.size > mostBytes) return undefined
  return [path, await readFile(file, 'utf8')]
}
