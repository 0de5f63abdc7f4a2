import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { failureOf } from '../decide/failure.ts'
import { PermanentError } from '../error.ts'
import type { Backlog } from './backlog.ts'
import type { ComponentFailure, Emit } from './component-host.ts'
import type { ComponentJob } from './job.ts'
import { outputsOf, standingOf, walkOf } from './job.ts'
import type { Outcome } from './outcome.ts'
import { answer } from './outputs.ts'
import { payloadFromBytes } from './payload.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { SnapshotChanges } from './snapshot-session.ts'
import { leave } from './standing.ts'
import { walkStage } from './walk-stage.ts'

/** Takes what a component emits while it works on one message, and after. */
export interface Emitter {
  readonly onEmit: (emit: Emit) => Promise<void>
  /** Resolves when everything emitted so far is safe; from then on emits are late ones, with fresh ids. */
  readonly drain: () => Promise<Ledger>
}

/** What a call has left when it is over. */
export interface Ledger {
  readonly emitted: number
  readonly failures: readonly ComponentFailure[]
  readonly rebound: string | undefined
  readonly snapshotChanges: SnapshotChanges
  /** A publish whose outcome is unknown: the input must come back. */
  readonly broken: unknown
}

type SnapshotChange = SnapshotChanges[number]

export interface EmitterOptions {
  /** Back pressure gives up waiting when this says so: somebody waits for the place that the waiting call holds. */
  readonly isStarving: () => boolean
  /** Writes the snapshot in the middle of the call. */
  readonly onCheckpoint?: (changes: SnapshotChanges) => Promise<void>
}

export function openEmitter(parts: RunnerParts, backlog: Backlog, job: ComponentJob, options: EmitterOptions): Emitter {
  const notes: Notes = { failures: [], changes: [], rebound: undefined, broken: undefined }
  const emitsOne = job.plan.function.emits === 'one'
  const sender = openSender({ parts, backlog, job, isStarving: options.isStarving, notes }, emitsOne)

  const onSnapshot = async (change: SnapshotChange): Promise<void> => {
    notes.changes.push(change)
    if (options.onCheckpoint === undefined) return
    await sender.settled()
    await options.onCheckpoint(notes.changes.splice(0))
  }
  return {
    onEmit: async (emit) => {
      switch (emit.kind) {
        case 'data':
          return sender.send(emit.message)
        case 'error':
          notes.failures.push(emit.failure)
          return
        case 'rebound':
          notes.rebound = emit.reason
          return
        case 'snapshot':
          return onSnapshot({ kind: 'replace', value: emit.value })
        case 'updateSnapshot':
          return onSnapshot({ kind: 'merge', value: emit.value })
        case 'httpReply':
          return answer(parts, job.delivery.message.headers, responseOf(emit.reply))
        case 'updateKeys':
          parts.log.warn(
            { flow: job.active.plan.flow.name, step: job.plan.name },
            'updateKeys ignored: no credential writer',
          )
      }
    },
    drain: async () => {
      await sender.settled()
      const emitted = sender.closeBook()
      const { failures, rebound, broken, changes } = notes
      return { emitted, failures: [...failures], rebound, snapshotChanges: [...changes], broken }
    },
  }
}

interface Notes {
  readonly failures: ComponentFailure[]
  readonly changes: SnapshotChange[]
  rebound: string | undefined
  broken: unknown
}

interface SenderParts {
  readonly parts: RunnerParts
  readonly backlog: Backlog
  readonly job: ComponentJob
  readonly isStarving: () => boolean
  readonly notes: Notes
}

/** Walks and publishes messages in the order of their emits, without waiting for one's confirm before the next. */
interface Sender {
  readonly send: (message: Buffer) => Promise<void>
  readonly settled: () => Promise<void>
  /** How many went on so far; what comes later is late, and counts no more. */
  readonly closeBook: () => number
}

function openSender({ parts, backlog, job, isStarving, notes }: SenderParts, emitsOne: boolean): Sender {
  const pending = new Set<Promise<void>>()
  let outputs = outputsOf(job, parts, backlog, { emitsOne })
  let lastWalk: Promise<unknown> = Promise.resolve()

  const publish = async (message: Buffer): Promise<Promise<void>[]> => {
    const confirms: Promise<void>[] = []
    for (const outcome of await walkEmitted(parts, job, message)) {
      if (outcome.kind === 'send') await backlog.room(outcome.queue, isStarving)
      confirms.push(outputs.write(outcome))
    }
    return confirms
  }
  const confirmed = async (publishing: Promise<Promise<void>[]>): Promise<void> => {
    try {
      await Promise.all(await publishing)
    } catch (error) {
      if (error instanceof PermanentError) notes.failures.push({ ...failureOf(error), permanent: true })
      else notes.broken = error
      throw error
    }
  }
  return {
    send: (message) => {
      const publishing = lastWalk.then(() => publish(message))
      lastWalk = publishing.catch(() => {})
      const work = confirmed(publishing)
      const forget = (): void => void pending.delete(work)
      pending.add(work)
      work.then(forget, forget)
      return work
    },
    settled: async () => void (await Promise.allSettled(pending)),
    closeBook: () => {
      const emitted = outputs.emitted()
      outputs = outputsOf(job, parts, backlog, { late: true })
      return emitted
    },
  }
}

async function walkEmitted(parts: RunnerParts, job: ComponentJob, message: Buffer): Promise<Outcome[]> {
  const payload = payloadFromBytes(message)
  const start = leave({ ...standingOf(job), route: 'emit' }, job.step, payload)
  const outcomes: Outcome[] = []
  await walkStage(walkOf(job, parts), start, (outcome) => outcomes.push(outcome))
  return outcomes
}

/** A component's answer to a webhook's caller: `{statusCode, headers, body}` in any of the vendors' forms. */
function responseOf(reply: JsonObject): { status: number; headers: Record<string, string>; body: unknown } {
  const status = Number(reply['statusCode'] ?? reply['status'] ?? 200)
  const headers = Object.entries((reply['headers'] ?? {}) as JsonObject).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  const body = 'body' in reply ? reply['body'] : reply['data']
  return { status: status >= 200 && status <= 599 ? status : 200, headers: Object.fromEntries(headers), body }
}
