import type { FSWatcher } from 'node:fs'
import { watch } from 'node:fs'
import type { Logger } from 'pino'
import type { Plan } from '../../flow/plan/plan.ts'
import type { Clock } from '../clock.ts'
import { TransientError } from '../error.ts'
import type { PlanSource, WorkList } from '../plan-source.ts'
import { openComplaints } from './complaints.ts'
import type { PlanShelf, Versioned } from './flow-views.ts'
import { flowViews } from './flow-views.ts'
import {
  filePath,
  flowDirectories,
  flowDirectory,
  parsePlan,
  parseState,
  planFile,
  readIfThere,
  stateFile,
} from './plan-files.ts'
import { openPoll } from './poll.ts'

/** Plans and living queues as the files under a directory have them; `openPlanDirectory` writes such. */
export interface DirectoryPlanSource extends PlanSource, WorkList {
  readonly close: () => Promise<void>
}

export interface DirectoryPlanOptions {
  readonly clock: Clock
  readonly log: Logger
  /** How often all files are looked at beside what the system tells of them; 5 s by default. */
  readonly pollMs?: number
}

const defaultPollMs = 5000
/** Files come in groups. */
const settleMs = 20

/**
 * A file that cannot be read is told of once, and the last good one stays.
 *
 * @throws {TransientError} `DirectoryUnreadable` when the directory is not there (yet)
 */
export async function openDirectoryPlanSource(
  root: string,
  { clock, log, pollMs = defaultPollMs }: DirectoryPlanOptions,
): Promise<DirectoryPlanSource> {
  const views = flowViews(directoryShelf(root, log))
  const complaints = openComplaints(log)
  await views.readAll()
  let reading: Promise<void> | undefined
  const poll = openPoll({ clock, everyMs: pollMs }, () => complaints.over(views.readAll()))
  const watcher = openWatch(root, { clock, log }, () => {
    reading = complaints.over(views.readAll())
  })
  return {
    ...views,
    close: async () => {
      watcher.close()
      await poll.close()
      await reading
    },
  }
}

function directoryShelf(root: string, log: Logger): PlanShelf {
  const good = new Map<string, Versioned>()
  const bad = new Map<string, string>()
  const stateIn = async (directory: string): Promise<Versioned | undefined> => {
    const path = filePath(root, directory, stateFile)
    const text = await readIfThere(path)
    if (text === undefined) {
      good.delete(directory)
      return undefined
    }
    // The text is the version: whoever writes it again unchanged has changed nothing.
    if (good.get(directory)?.version === text) return good.get(directory)
    try {
      good.set(directory, { state: parseState(path, text, directory), version: text })
      bad.delete(directory)
    } catch (err) {
      if (bad.get(directory) !== text)
        log.warn({ err, file: path }, 'state of a flow not usable, the last good one stays')
      bad.set(directory, text)
    }
    return good.get(directory)
  }
  const planIn = async (flow: string, revision: number): Promise<Plan | undefined> => {
    const path = filePath(root, flowDirectory(flow), planFile(revision))
    const text = await readIfThere(path)
    if (text !== undefined) return parsePlan(path, text, revision)
    // Without the directory itself nothing is known: it may not be mounted.
    await directoriesOf(root)
    return undefined
  }
  return {
    state: (flow) => stateIn(flowDirectory(flow)),
    states: async () => {
      const all = await Promise.all((await directoriesOf(root)).map(stateIn))
      return all.filter((one) => one !== undefined)
    },
    plan: planIn,
  }
}

async function directoriesOf(root: string): Promise<readonly string[]> {
  try {
    return await flowDirectories(root)
  } catch (error) {
    throw new TransientError('DirectoryUnreadable', `cannot read the directory of plans ${root}`, { cause: error })
  }
}

/** What the system tells of comes early; what it does not tell of, the poll finds. */
function openWatch(
  root: string,
  { clock, log }: Pick<DirectoryPlanOptions, 'clock' | 'log'>,
  onChange: () => void,
): { readonly close: () => void } {
  let cancel: (() => void) | undefined
  const soon = (): void => {
    cancel ??= clock.setTimer(settleMs, () => {
      cancel = undefined
      onChange()
    })
  }
  const watcher = watched(root, soon)
  watcher?.on('error', (err) => log.debug({ err }, 'directory of plans not watched, it is polled'))
  return {
    close: () => {
      watcher?.close()
      cancel?.()
    },
  }
}

/** Undefined where the system has no watch left. */
function watched(root: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(root, { recursive: true, persistent: false }, onChange)
  } catch {
    return undefined
  }
}
