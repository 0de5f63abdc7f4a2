import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What there is below a directory. */
export interface FoundManifests {
  /** YAML and JSON files, in the order of their paths' names. */
  readonly files: readonly string[]
  /** Directories with a component.json: they hold code, and no manifests are looked for in them. */
  readonly componentDirectories: readonly string[]
  readonly unreadable: readonly { readonly path: string; readonly error: unknown }[]
  /** The search ended because there was too much. */
  readonly isCutOff: boolean
}

/** Below one directory; what is left of them is not looked at. */
export const mostEntries = 50_000

const manifestName = /\.(ya?ml|json)$/i
const componentFile = 'component.json'

/**
 * Manifests in a directory and all below it. Left out are hidden files and directories, `node_modules`, and what is below a
 * component's directory; links to files are followed, links to directories are not.
 */
export async function findManifests(root: string): Promise<FoundManifests> {
  const search: Search = { files: [], componentDirectories: [], unreadable: [], entries: 0 }
  await walk(search, root, true)
  return { ...search, isCutOff: search.entries > mostEntries }
}

interface Search {
  readonly files: string[]
  readonly componentDirectories: string[]
  readonly unreadable: { readonly path: string; readonly error: unknown }[]
  entries: number
}

async function walk(search: Search, directory: string, isRoot: boolean): Promise<void> {
  const entries = await entriesOf(search, directory)
  search.entries += entries.length
  // Whoever names a component's directory itself wants the manifests that are in it.
  if (!isRoot && entries.some(({ name }) => name === componentFile)) {
    search.componentDirectories.push(directory)
    return
  }
  // One after another: the order of the findings is that of the names.
  for (const entry of entries) {
    if (search.entries > mostEntries) return
    const path = join(directory, entry.name)
    if (entry.isDirectory()) await walk(search, path, false)
    else if (manifestName.test(entry.name) && (await isFile(search, entry, path))) search.files.push(path)
  }
}

async function entriesOf(search: Search, directory: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    const shown = entries.filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
    return shown.sort((left, right) => (left.name < right.name ? -1 : 1))
  } catch (error) {
    search.unreadable.push({ path: directory, error })
    return []
  }
}

async function isFile(search: Search, entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile()
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    search.unreadable.push({ path, error })
    return false
  }
}
