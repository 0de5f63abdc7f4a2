import type { FSWatcher } from 'node:fs'
import { statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Editors write a file in several steps. */
const settleMs = 100
const manifest = /\.(?:ya?ml|json)$/i

/**
 * Calls back now and after manifests under the paths were written, one call at a time, until it is called.
 *
 * @throws {Error} the system cannot watch a path
 */
export function watchFiles(paths: readonly string[], onEdit: () => Promise<void>): () => Promise<void> {
  const edits = gathered(onEdit)
  const watchers = paths.map((path) => watchPath(path, edits.heard))
  // Since they were read, and before they were watched, they may have been edited.
  edits.heard()
  return async () => {
    for (const watcher of watchers) watcher.close()
    await edits.close()
  }
}

/** A file by its directory: an editor puts another one in its place. */
function watchPath(path: string, heard: () => void): FSWatcher {
  if (statSync(path).isDirectory()) {
    return watch(path, { recursive: true }, (_event, file) => {
      if (file === null || manifest.test(file)) heard()
    })
  }
  return watch(dirname(path), (_event, file) => {
    if (file === null || file === basename(path)) heard()
  })
}

function gathered(onEdit: () => Promise<void>): { readonly heard: () => void; readonly close: () => Promise<void> } {
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()
  const work = (): void => {
    timer = undefined
    working = working.then(onEdit)
  }
  return {
    heard: () => {
      clearTimeout(timer)
      timer = setTimeout(work, settleMs)
    },
    close: async () => {
      clearTimeout(timer)
      await working
    },
  }
}
