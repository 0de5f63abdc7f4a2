import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { loadComponents } from '../../local/local-components.ts'
import { localCredentials } from '../../local/local-credentials.ts'
import type { LocalRuntime } from '../../local/local-runtime.ts'
import { openLocalRuntime } from '../../local/local-runtime.ts'
import { parseManifests } from '../../flow/manifest/parse-manifests.ts'
import type { RunnerObserver } from '../../runtime/runner/runner-parts.ts'
import { manualMessage } from '../../runtime/trigger/decide/first-message.ts'
import { startRun } from '../../runtime/trigger/start-run.ts'
import { freshId } from '../../runtime/wire/message-id.ts'

const catalogue = fileURLToPath(new URL('../../components', import.meta.url))

/** A local runtime for manifests that are given as text; components are inline. */
export async function openBenchRuntime(text: string, observer: Partial<RunnerObserver> = {}): Promise<LocalRuntime> {
  const parsed = parseManifests([{ file: 'bench.yaml', text }])
  if (parsed.findings.length > 0) throw new Error(JSON.stringify(parsed.findings[0]))
  const components = await loadComponents(parsed.manifests, { directories: new Map(), catalogue })
  return openLocalRuntime({
    parsed,
    components,
    credentials: localCredentials(parsed.manifests, new Map()),
    log: pino({ level: 'warn' }),
    environment: process.env,
    stopped: new AbortController().signal,
    observer,
    onDeadLetter: (letter) => {
      throw new Error(`dead letter in a benchmark: ${letter.code} ${letter.message}`)
    },
  })
}

/** Fires the first trigger of the first flow. */
export async function fire({ broker, clock, plans }: LocalRuntime, data: unknown): Promise<void> {
  const [plan] = plans.all
  const [trigger] = plan?.triggers ?? []
  if (plan === undefined || trigger === undefined) throw new Error('the benchmark has no flow')
  await startRun({ broker, clock, ids: { freshId } }, { plan, trigger, first: manualMessage(trigger, { data }) })
}

export async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
