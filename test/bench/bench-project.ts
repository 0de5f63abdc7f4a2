import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LocalRuntime } from '../../local/local-runtime.ts'
import type { RunnerObserver } from '../../runtime/runner/runner-parts.ts'
import { openProject } from '../rig/local-project.ts'

/** A local runtime for manifests that are given as text; components are inline. */
export function openBenchRuntime(text: string, observer: Partial<RunnerObserver> = {}): Promise<LocalRuntime> {
  return openProject(text, {
    observer,
    onDeadLetter: (letter) => {
      throw new Error(`dead letter in a benchmark: ${letter.code} ${letter.message}`)
    },
  })
}

export { fire } from '../rig/local-project.ts'

export async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
