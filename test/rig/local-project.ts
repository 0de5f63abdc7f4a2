import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { parseManifests } from '../../flow/manifest/parse-manifests.ts'
import { loadComponents } from '../../local/local-components.ts'
import { localCredentials } from '../../local/local-credentials.ts'
import type { LocalRuntime, LocalRuntimeOptions } from '../../local/local-runtime.ts'
import { openLocalRuntime } from '../../local/local-runtime.ts'
import { manualMessage } from '../../runtime/trigger/decide/first-message.ts'
import { startRun } from '../../runtime/trigger/start-run.ts'
import { freshId } from '../../runtime/wire/message-id.ts'

const catalogue = fileURLToPath(new URL('../../components', import.meta.url))

export type ProjectOptions = Pick<LocalRuntimeOptions, 'observer' | 'onDeadLetter'> &
  Partial<Pick<LocalRuntimeOptions, 'limits' | 'host' | 'log'>>

/** A local runtime, real children and all, for manifests that are given as text. */
export async function openProject(text: string, options: ProjectOptions): Promise<LocalRuntime> {
  const parsed = parseManifests([{ file: 'project.yaml', text }])
  if (parsed.findings.length > 0) throw new Error(JSON.stringify(parsed.findings[0]))
  const components = await loadComponents(parsed.manifests, { directories: new Map(), catalogue })
  return openLocalRuntime({
    parsed,
    components,
    credentials: localCredentials(parsed.manifests, new Map()),
    log: pino({ level: 'warn' }),
    environment: process.env,
    stopped: new AbortController().signal,
    ...options,
  })
}

/** Fires the first trigger of the first flow. */
export async function fire({ broker, clock, plans }: LocalRuntime, data: unknown): Promise<void> {
  const [plan] = plans.all
  const [trigger] = plan?.triggers ?? []
  if (plan === undefined || trigger === undefined) throw new Error('the benchmark has no flow')
  await startRun({ broker, clock, ids: { freshId } }, { plan, trigger, first: manualMessage(trigger, { data }) })
}
