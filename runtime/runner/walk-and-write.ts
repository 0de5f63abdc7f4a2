import type { Backlog } from './backlog.ts'
import { patientWaiter } from './backlog.ts'
import { waitsUntil } from '../decide/held-time.ts'
import type { Job } from './job.ts'
import { walkOf } from './job.ts'
import type { Given } from './outputs.ts'
import { openOutputs, writeAll } from './outputs.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { Standing } from './standing.ts'
import { walkStage } from './walk-stage.ts'

/** Takes a message through its stage from where it stands and publishes what becomes of it; resolves with how many there are when all is safe. */
export async function walkAndWrite(parts: RunnerParts, backlog: Backlog, job: Job, start: Standing): Promise<Given> {
  const outputs = openOutputs({ parts, backlog, job, ids: 'content' })
  const confirms: Promise<void>[] = []
  const waiter = patientWaiter(parts.clock, waitsUntil({ deliveredAtMs: job.startedAtMs, timeoutMs: 0 }))
  try {
    await writeAll(outputs, await walkStage(walkOf(job, parts), start), { confirms, waiter })
  } finally {
    await Promise.allSettled(confirms)
  }
  await Promise.all(confirms)
  const { emitted, children } = outputs
  return { emitted, children }
}
