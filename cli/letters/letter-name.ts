import type { DeadLetter, DeadLetterKey } from '../../runtime/store/store.ts'
import { UsageError } from '../usage-error.ts'

/** `ID/STEP`, and `/REPLAY` behind it for the death of a replay: what other commands take. */
export function letterName({ id, step, replay }: DeadLetterKey): string {
  return replay === 0 ? `${id}/${step}` : `${id}/${step}/${replay}`
}

/** A whole name, or the beginning of an id. */
export type TypedName =
  { readonly kind: 'key'; readonly key: DeadLetterKey } | { readonly kind: 'prefix'; readonly prefix: string }

const leastPrefix = 6

/** @throws {UsageError} when it is no name */
export function parseLetterName(typed: string): TypedName {
  const [id = '', step, replay = '0', ...more] = typed.split('/')
  if (step === undefined && id.length >= leastPrefix) return { kind: 'prefix', prefix: id }
  if (step === undefined)
    throw new UsageError(`"${typed}" is too short: give at least ${leastPrefix} characters of the id`)
  if (id !== '' && step !== '' && /^\d+$/.test(replay) && more.length === 0) {
    return { kind: 'key', key: { id, step, replay: Number(replay) } }
  }
  throw new UsageError(
    `"${typed}" is no name of a dead letter: that is ID/STEP or ID/STEP/REPLAY, as "weir dead-letters list" shows it`,
  )
}

/** What is shown of a letter beside its message. */
export function letterSummary(letter: DeadLetter, flowName: string) {
  const { id, step, replay, flow, run, revision, code, message, attempts, diedAt, state, headers } = letter
  return {
    name: letterName(letter),
    id,
    flow: flowName,
    flowUid: flow,
    step,
    replay,
    run,
    revision,
    trigger: headers.trigger,
    code,
    message,
    attempts,
    diedAt: new Date(diedAt).toISOString(),
    state,
  }
}
