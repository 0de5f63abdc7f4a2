import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Where what a run has installed waits for the next one; nothing else is left on the disk. */
export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weir')
}

export interface Installation {
  /** Its place in the cache. */
  readonly name: string
  /** Whether what is there works; asked before and after. */
  readonly isUsable: (directory: string) => Promise<boolean>
  /** Fills the directory, which is empty; it is moved to `final` when it is done. */
  readonly install: (directory: string, final: string) => Promise<void>
}

/**
 * The directory of an installation, made at the first call. What is broken is made anew; of several processes one installs while the others wait.
 *
 * @throws when it cannot be installed, or does not work
 */
export async function installed({ name, isUsable, install }: Installation): Promise<string> {
  const directory = join(cacheDirectory(), name)
  if (await isUsable(directory)) return directory
  await mkdir(cacheDirectory(), { recursive: true })
  const unlock = await lock(`${directory}.lock`)
  try {
    // Another process may have done it while this one waited.
    if (await isUsable(directory)) return directory
    await rm(directory, removal)
    await installInto(directory, install)
    if (!(await isUsable(directory))) throw new Error('it does not run on this machine')
    return directory
  } finally {
    unlock()
  }
}

/** Beside its place first: what was cut off is never taken for whole. */
async function installInto(directory: string, install: Installation['install']): Promise<void> {
  const prefix = `${basename(directory)}.new-`
  // Of one that was killed. What it had started may go on writing, so that its directory is not used again.
  const left = (await readdir(cacheDirectory())).filter((name) => name.startsWith(prefix))
  for (const name of left) await rm(join(cacheDirectory(), name), removal)
  const building = await mkdtemp(join(cacheDirectory(), prefix))
  try {
    await install(building, directory)
    await rename(building, directory)
  } finally {
    await rm(building, removal)
  }
}

const removal = { recursive: true, force: true, maxRetries: 5 } as const
const lockPollMs = 200
/** The longest installation is a build of kube-apiserver. */
const lockTimeoutMs = 3_600_000

/** A lock of SQLite's: the kernel takes it back when its owner dies, however that happens. */
async function lock(path: string): Promise<() => void> {
  const database = new DatabaseSync(path, { timeout: 0 })
  const givenUpAt = Date.now() + lockTimeoutMs
  for (;;) {
    try {
      database.exec('BEGIN EXCLUSIVE')
      return () => database.close()
    } catch (error) {
      if (Date.now() > givenUpAt) throw new Error(`another process holds ${path} for too long`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, lockPollMs))
    }
  }
}

/** The first lines of what a failed command said. */
export function firstLines(error: unknown): string {
  const { stderr, message = String(error) } = error as { readonly stderr?: unknown; readonly message?: string }
  const text = typeof stderr === 'string' && stderr.trim() !== '' ? stderr : message
  return text.trim().split('\n').slice(0, 2).join(' ')
}
