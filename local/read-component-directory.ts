import { readFile, readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** Texts of a component directory by their paths from its root: what a contract is read from. */
export type ComponentTexts = Readonly<Record<string, string>>

const readableName = /\.([cm]?[jt]s|json)$/i
const mostFiles = 500
const mostBytes = 1_000_000

/** The directory's sources and JSON files, without `node_modules`; files over 1 MB and beyond the first 500 are left out. */
export async function readComponentDirectory(directory: string): Promise<ComponentTexts> {
  const paths = await pathsBelow(directory, directory)
  const texts = await Promise.all(paths.slice(0, mostFiles).map((path) => readText(directory, path)))
  return Object.fromEntries(texts.filter((entry) => entry !== undefined))
}

async function pathsBelow(root: string, directory: string): Promise<string[]> {
  const entries = (await readdir(directory, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  const found: string[] = []
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && !entry.name.startsWith('.')) found.push(...(await pathsBelow(root, path)))
    } else if (readableName.test(entry.name)) found.push(relative(root, path).split(sep).join('/'))
    if (found.length > mostFiles) break
  }
  return found
}

async function readText(directory: string, path: string): Promise<readonly [string, string] | undefined> {
  const file = join(directory, path)
  if ((await stat(file)).size > mostBytes) return undefined
  return [path, await readFile(file, 'utf8')]
}
