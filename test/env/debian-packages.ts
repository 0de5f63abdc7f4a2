import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const downloadTimeoutMs = 300_000
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Unpacks packages of a Debian release into a directory, whatever release the machine has itself. Needs no root and changes nothing of the system:
 * apt keeps a state of its own below the directory for as long as this takes. Debian keeps one version of a package per release.
 *
 * @throws when this is no Debian, or nothing can be downloaded
 */
export async function unpackDebian(release: string, packages: readonly string[], directory: string): Promise<void> {
  const workplace = join(directory, 'apt')
  const options = await aptOptions(release, workplace)
  const downloads = join(workplace, 'packages')
  await mkdir(downloads)
  await run('apt-get', [...options, '--quiet', 'update'], { timeout: downloadTimeoutMs })
  await run('apt-get', [...options, '--quiet', 'download', ...packages], {
    cwd: downloads,
    timeout: downloadTimeoutMs,
  })
  for (const name of await readdir(downloads)) await run('dpkg-deb', ['-x', join(downloads, name), directory])
  await rm(workplace, { recursive: true })
}

/**
 * Makes programs of another release run with the libraries unpacked beside them: each is replaced by a script that starts it with that release's own loader.
 *
 * @param final where the directory will be when it is used
 */
export async function useOwnLibraries(directory: string, final: string, programs: readonly string[]): Promise<void> {
  const { loader, folders } = await librariesIn(directory)
  const start = `${quoted(join(final, loader))} --library-path ${quoted(folders.map((one) => join(final, one)).join(':'))}`
  for (const program of programs) {
    const path = join(directory, program)
    if (!(await isExecutable(path))) continue
    await rename(path, `${path}.elf`)
    await writeFile(path, `#!/bin/sh\nexec ${start} --argv0 "$0" ${quoted(join(final, `${program}.elf`))} "$@"\n`)
    await chmod(path, 0o755)
  }
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** Until trixie the C library was packed for `/lib`, which is a link where it is installed. */
async function librariesIn(directory: string): Promise<{ readonly loader: string; readonly folders: string[] }> {
  const machine = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  const folders = [join('lib', machine), join('usr', 'lib', machine)].filter((one) => existsSync(join(directory, one)))
  for (const folder of folders) {
    const loader = (await readdir(join(directory, folder))).find((name) => /^ld-linux.*\.so\.\d+$/.test(name))
    if (loader !== undefined) return { loader: join(folder, loader), folders }
  }
  throw new Error('the packages hold no loader of programs')
}

async function isExecutable(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.toString('latin1') === '\x7FELF'
  } finally {
    await file.close()
  }
}

async function aptOptions(release: string, workplace: string): Promise<string[]> {
  const sources = join(workplace, 'debian.sources')
  const status = join(workplace, 'status')
  const folders = { state: join(workplace, 'state'), cache: join(workplace, 'cache') }
  await mkdir(join(folders.state, 'lists', 'partial'), { recursive: true })
  await mkdir(join(folders.cache, 'archives', 'partial'), { recursive: true })
  await writeFile(status, '')
  await writeFile(sources, await stanza(release))
  const settings = [
    `Dir::State=${folders.state}`,
    `Dir::State::status=${status}`,
    `Dir::Cache=${folders.cache}`,
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=/dev/null',
    'APT::Sandbox::User=',
    // Without it an update that reached nothing has succeeded.
    'APT::Update::Error-Mode=any',
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
  ]
  return settings.flatMap((setting) => ['-o', setting])
}

/** The mirror that this machine uses, asked for another release. */
async function stanza(release: string): Promise<string> {
  const uri = (await sourceTexts()).map(debianMirror).find((found) => found !== undefined)
  if (uri === undefined) throw new Error('this is no Debian: apt has no mirror with a release `main` of it')
  const key = existsSync(keyring) ? `Signed-By: ${keyring}\n` : ''
  return `Types: deb\nURIs: ${uri}\nSuites: ${release}\nComponents: main\n${key}`
}

async function sourceTexts(): Promise<string[]> {
  const folder = '/etc/apt/sources.list.d'
  const parts = existsSync(folder) ? await readdir(folder) : []
  const paths = ['/etc/apt/sources.list', ...parts.map((name) => join(folder, name))]
  return Promise.all(
    paths.filter((path) => /\.(?:list|sources)$/.test(path) && existsSync(path)).map((path) => readFile(path, 'utf8')),
  )
}

const debianRelease = String.raw`(?:bullseye|bookworm|trixie|forky|sid|stable|testing|unstable)`

/** From a line `deb [options] URI release main`, or a stanza with `URIs:` and `Suites:`. */
export function debianMirror(text: string): string | undefined {
  const line = new RegExp(String.raw`^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+${debianRelease}\s.*\bmain\b`, 'm').exec(text)
  if (line?.[1] !== undefined) return line[1]
  for (const part of text.split(/\n\s*\n/)) {
    const uri = /^URIs:\s*(\S+)/m.exec(part)?.[1]
    if (uri !== undefined && new RegExp(String.raw`^Suites:(?:.*\s)?${debianRelease}(?:\s|$)`, 'm').test(part))
      return uri
  }
  return undefined
}
