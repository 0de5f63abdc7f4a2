import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Finding } from '../flow/finding/finding.ts'
import type { SourceText } from '../flow/manifest/manifest.ts'

export interface ReadSources {
  readonly sources: readonly SourceText[]
  /** What could not be read: `FileNotFound`, `FileUnreadable`, `NoManifests`. */
  readonly findings: readonly Finding[]
}

const manifestName = /\.(ya?ml|json)$/i
/** Directories that hold other people's YAML. */
const skippedDirectories = new Set(['node_modules', 'components', 'apps'])
const stdinName = '-'

/** Reads files, directories (their YAML and JSON, recursively, in the order of their names) and `-` for standard input. */
export async function readSources(paths: readonly string[], stdin: () => Promise<string>): Promise<ReadSources> {
  const sources: SourceText[] = []
  const findings: Finding[] = []
  for (const path of paths) {
    const read =
      path === stdinName ? { sources: [{ file: '<stdin>', text: await stdin() }], findings: [] } : await readPath(path)
    sources.push(...read.sources)
    findings.push(...read.findings)
  }
  return { sources, findings }
}

async function readPath(path: string): Promise<ReadSources> {
  try {
    if (!(await stat(path)).isDirectory()) return { sources: [await readSource(path)], findings: [] }
    const files = await manifestsBelow(path)
    if (files.length === 0) return only('NoManifests', path, 'the directory holds no .yaml, .yml or .json file')
    return { sources: await Promise.all(files.map(readSource)), findings: [] }
  } catch (error) {
    return unreadable(path, error)
  }
}

async function readSource(file: string): Promise<SourceText> {
  return { file, text: await readFile(file, 'utf8') }
}

async function manifestsBelow(directory: string): Promise<string[]> {
  const entries = (await readdir(directory, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  const found: string[] = []
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) {
      if (!isSkipped(entry.name)) found.push(...(await manifestsBelow(path)))
    } else if (manifestName.test(entry.name) && !isConfiguration(entry.name)) found.push(path)
  }
  return found
}

function isSkipped(name: string): boolean {
  return name.startsWith('.') || skippedDirectories.has(name)
}

function isConfiguration(name: string): boolean {
  return name === 'package.json' || name === 'package-lock.json' || name === 'component.json' || name.startsWith('.')
}

function unreadable(path: string, error: unknown): ReadSources {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (code === 'ENOENT' || code === 'ENOTDIR') return only('FileNotFound', path, 'there is no such file or directory')
  if (code === 'EACCES') return only('FileUnreadable', path, 'the file may not be read: check its permissions')
  return only('FileUnreadable', path, `the file cannot be read (${code || String(error)})`)
}

function only(code: string, file: string, message: string): ReadSources {
  return { sources: [], findings: [{ code, severity: 'error', message, file, line: 1, column: 1, path: '' }] }
}
