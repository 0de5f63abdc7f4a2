import { realpath, stat } from 'node:fs/promises'
import type { FindingCode } from '../flow/finding/codes.ts'
import type { Finding } from '../flow/finding/finding.ts'
import type { SourceText } from '../flow/manifest/manifest.ts'
import { fileProblem } from './file-problem.ts'
import type { FoundManifests } from './find-manifests.ts'
import { findManifests, mostEntries } from './find-manifests.ts'
import { localFinding } from './local-finding.ts'
import { mostTextBytes, readFileText } from './read-text.ts'

export interface ReadSources {
  readonly sources: readonly SourceText[]
  /** What could not be read: `FileNotFound`, `FileUnreadable`, `FileTooLarge`, `NoManifests`. */
  readonly findings: readonly Finding[]
  /** JSON files of the given directories that are no manifests: package.json, data, settings of tools. */
  readonly ignoredFiles: number
  /** Directories with component code that were met on the way. */
  readonly componentDirectories: readonly string[]
}

/** All of standard input. */
export type ReadStdin = () => Promise<string>

const stdinName = '-'
const atATime = 32

/** Reads files, directories (their YAML and JSON, recursively) and `-` for standard input; what is named twice is read once. */
export async function readSources(paths: readonly string[], stdin: ReadStdin): Promise<ReadSources> {
  const seen = new Set<string>()
  const read: ReadSources[] = []
  // In the order given: of two objects of one name the first counts.
  for (const path of paths) {
    if (!(await isFirstSeen(seen, path))) continue
    read.push(path === stdinName ? sourceOf('<stdin>', await stdin()) : await readPath(path, seen))
  }
  return joined(read)
}

const nothing: ReadSources = { sources: [], findings: [], ignoredFiles: 0, componentDirectories: [] }

function joined(parts: readonly ReadSources[]): ReadSources {
  return {
    sources: parts.flatMap(({ sources }) => sources),
    findings: parts.flatMap(({ findings }) => findings),
    ignoredFiles: parts.reduce((sum, { ignoredFiles }) => sum + ignoredFiles, 0),
    componentDirectories: parts.flatMap(({ componentDirectories }) => componentDirectories),
  }
}

async function isFirstSeen(seen: Set<string>, path: string): Promise<boolean> {
  const key = path === stdinName ? stdinName : await realpath(path).catch(() => path)
  if (seen.has(key)) return false
  seen.add(key)
  return true
}

async function readPath(path: string, seen: Set<string>): Promise<ReadSources> {
  try {
    return (await stat(path)).isDirectory() ? await readDirectory(path, seen) : await readFileSource(path)
  } catch (error) {
    return problem(path, error)
  }
}

async function readFileSource(file: string): Promise<ReadSources> {
  try {
    return sourceOf(file, await readFileText(file))
  } catch (error) {
    return problem(file, error)
  }
}

function sourceOf(file: string, text: string | undefined): ReadSources {
  if (text !== undefined) return { ...nothing, sources: [{ file, text }] }
  const size = mostTextBytes / 1024 / 1024
  return only('FileTooLarge', file, `the file has more than ${size} MB, and was not read: split it`)
}

async function readDirectory(directory: string, seen: Set<string>): Promise<ReadSources> {
  const found = await findManifests(directory)
  const files: string[] = []
  for (const file of found.files) if (await isFirstSeen(seen, file)) files.push(file)
  const read: ReadSources[] = [{ ...nothing, findings: searchFindings(directory, found) }]
  // Some at a time: a large directory must not use up what may be open.
  for (let at = 0; at < files.length; at += atATime) {
    read.push(...(await Promise.all(files.slice(at, at + atATime).map(readFileSource))))
  }
  const { sources, findings } = joined(read)
  const manifests = sources.filter(isManifest)
  return {
    sources: manifests,
    findings,
    ignoredFiles: sources.length - manifests.length,
    componentDirectories: found.componentDirectories,
  }
}

function searchFindings(directory: string, found: FoundManifests): Finding[] {
  const unreadable = found.unreadable.flatMap(({ path, error }) => problem(path, error).findings)
  if (found.isCutOff) {
    const message = `the directory holds more than ${mostEntries} files: name those that are meant`
    return [...unreadable, ...only('NoManifests', directory, message).findings]
  }
  if (found.files.length > 0 || unreadable.length > 0) return unreadable
  return [...only('NoManifests', directory, 'the directory holds no .yaml, .yml or .json file').findings]
}

/** YAML always; JSON, in which much else is written, only when it looks like a manifest. */
function isManifest({ file, text }: SourceText): boolean {
  return !/\.json$/i.test(file) || (text.includes('"apiVersion"') && text.includes('"kind"'))
}

function problem(path: string, error: unknown): ReadSources {
  const message = fileProblem(error)
  const isMissing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
  return only(isMissing ? 'FileNotFound' : 'FileUnreadable', path, message)
}

function only(code: FindingCode, file: string, message: string): ReadSources {
  // An empty name would be nowhere in the line.
  return { ...nothing, findings: [localFinding(code, message, { file: file === '' ? '""' : file })] }
}
