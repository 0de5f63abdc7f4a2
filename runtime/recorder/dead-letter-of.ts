import type { DeadLetter } from '../store/store.ts'
import type { AttemptFailure } from '../wire/body.ts'
import { carriedOf } from '../wire/body.ts'
import type { MessageHeaders, WireMessage } from '../wire/message.ts'

/** @param nowMs stands for the time of death when the message does not tell it */
export function deadLetterOf(
  { id, headers, body }: WireMessage,
  { namespace, nowMs }: { readonly namespace: string; readonly nowMs: number },
): DeadLetter {
  const failures = failuresOf(body)
  const { step, attempt, code, message, at } = failures?.at(-1) ?? untoldFailure(headers, failures !== undefined)
  const diedAt = Date.parse(at)
  return {
    id,
    namespace,
    flow: headers.flow,
    step,
    run: headers.run,
    revision: headers.revision,
    code,
    message,
    attempts: attempt,
    failures: failures ?? [],
    headers,
    body,
    diedAt: Number.isNaN(diedAt) ? nowMs : diedAt,
    replay: headers.replay ?? 0,
    state: 'dead',
  }
}

/** For a message that nobody noted a failure in, or that cannot be read. */
function untoldFailure({ at: step, attempt }: MessageHeaders, isReadable: boolean): AttemptFailure {
  const told = { step, attempt, at: '' }
  return isReadable
    ? { ...told, code: 'UnknownFailure', message: 'the message does not say why it died' }
    : { ...told, code: 'MalformedMessage', message: 'the message cannot be read; its body is kept as it came' }
}

/** Undefined when the body is not of its form. */
function failuresOf(body: Buffer): readonly AttemptFailure[] | undefined {
  try {
    const { failures } = carriedOf(body)
    return failures === undefined || failures.every(isFailure) ? (failures ?? []) : undefined
  } catch {
    return undefined
  }
}

function isFailure({ step, attempt, code, message }: AttemptFailure): boolean {
  return [step, code, message].every((text) => typeof text === 'string') && Number.isInteger(attempt)
}
