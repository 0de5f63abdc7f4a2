import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { failureOf } from '../decide/failure.ts'
import { PermanentError } from '../error.ts'
import type { Backlog } from './backlog.ts'
import type { ComponentFailure, Emit } from './component-host.ts'
import type { ComponentJob } from './job.ts'
import { outputsOf, standingOf, walkOf, writeAll } from './job.ts'
import type { Outcome, Response } from './outcome.ts'
import type { Outputs } from './outputs.ts'
import { answer } from './outputs.ts'
import { payloadFromBytes } from './payload.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { SnapshotChanges } from './snapshot-session.ts'
import { leave } from './standing.ts'
import { walkStage } from './walk-stage.ts'

/** Takes what a component emits while it works on one message, and after. */
export interface Emitter {
  readonly onEmit: (emit: Emit) => Promise<void>
  /** Something that was emitted is not safe yet. */
  readonly isOpen: () => boolean
  /** Resolves when everything emitted so far is safe. */
  readonly drained: () => Promise<void>
  /** Closes the book: from now on emits are late ones, with fresh ids. */
  readonly ledger: () => Ledger
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
  const sender = openSender({ parts, backlog, job, isStarving: options.isStarving, notes })

  const onSnapshot = async (change: SnapshotChange): Promise<void> => {
    notes.changes.push(change)
    if (options.onCheckpoint === undefined) return
    await sender.drained()
    await options.onCheckpoint(notes.changes.splice(0))
  }
  const note = async (emit: Exclude<Emit, { kind: 'data' }>): Promise<void> => {
    switch (emit.kind) {
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
  }
  return {
    onEmit: (emit) => (emit.kind === 'data' ? sender.send(emit.message) : note(emit)),
    isOpen: sender.isOpen,
    drained: sender.drained,
    ledger: () => {
      const { failures, rebound, broken, changes } = notes
      return { emitted: sender.closeBook(), failures, rebound, snapshotChanges: changes, broken }
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
  readonly isOpen: () => boolean
  readonly drained: () => Promise<void>
  /** How many went on so far; what comes later is late, and counts no more. */
  readonly closeBook: () => number
}

function openSender({ parts, backlog, job, isStarving, notes }: SenderParts): Sender {
  const inOrder = workInOrder()
  const waiting: (() => void)[] = []
  let open = 0
  let isLate = false
  let outputs: Outputs | undefined

  const publish = async (message: Buffer): Promise<readonly Promise<void>[]> => {
    outputs ??= outputsOf(
      job,
      parts,
      backlog,
      isLate ? { late: true } : { emitsOne: job.plan.function.emits === 'one' },
    )
    return writeAll(outputs, await walkEmitted(parts, job, message), (queue) => backlog.room(queue, isStarving))
  }
  const blame = (error: unknown): void => {
    if (error instanceof PermanentError) notes.failures.push({ ...failureOf(error), permanent: true })
    else notes.broken = error
  }
  return {
    send: async (message) => {
      open += 1
      try {
        await Promise.all(await inOrder(() => publish(message)))
      } catch (error) {
        blame(error)
        throw error
      } finally {
        open -= 1
        if (open === 0) for (const resolve of waiting.splice(0)) resolve()
      }
    },
    isOpen: () => open > 0,
    drained: async () => {
      if (open > 0) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    closeBook: () => {
      const emitted = outputs?.emitted() ?? 0
      outputs = undefined
      isLate = true
      return emitted
    },
  }
}

/** Runs work one after the other in the order of the calls; at once when nothing runs. */
function workInOrder(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> | undefined
  return (work) => {
    const running = last === undefined ? work() : last.then(work, work)
    last = running
    const forget = (): void => {
      if (last === running) last = undefined
    }
    running.then(forget, forget)
    return running
  }
}

async function walkEmitted(parts: RunnerParts, job: ComponentJob, message: Buffer): Promise<readonly Outcome[]> {
  const start = leave({ ...standingOf(job), route: 'emit' }, job.step, payloadFromBytes(message))
  const outcomes: Outcome[] = []
  await walkStage(walkOf(job, parts), start, (outcome) => outcomes.push(outcome))
  return outcomes
}

/** A component's answer to a webhook's caller: `{statusCode, headers, body}` in any of the vendors' forms. */
function responseOf(reply: JsonObject): Response {
  const status = Number(reply['statusCode'] ?? reply['status'] ?? 200)
  const headers = Object.entries((reply['headers'] ?? {}) as JsonObject).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  const body = 'body' in reply ? reply['body'] : reply['data']
  return { status: status >= 200 && status <= 599 ? status : 200, headers: Object.fromEntries(headers), body }
}
