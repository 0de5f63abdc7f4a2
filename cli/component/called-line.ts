import type { Json, JsonObject } from '../../crds/v1alpha1/meta.ts'
import { retryDefaults } from '../../flow/plan/defaults.ts'
import { decideFailure, decideRebound } from '../../runtime/decide/settle.ts'
import type { ComponentFailure, Emit } from '../../runtime/runner/component-host.ts'

/** How a call ended that had these failures and asked for these rebounds. */
export interface CallOutcome {
  readonly failure?: ComponentFailure
  readonly rebound?: string
}

/** One emit as `component call` prints it. */
export function emitLine(emit: Emit): JsonObject {
  switch (emit.kind) {
    case 'data':
      return { event: 'data', value: JSON.parse(emit.message.toString('utf8')) as Json } // the child wrote it as JSON
    case 'error':
      return { event: 'error', value: { ...emit.failure } }
    case 'rebound':
      return { event: 'rebound', value: emit.reason }
    case 'snapshot':
    case 'updateSnapshot':
      return { event: emit.kind, value: emit.value as Json } // it came as JSON
    case 'updateKeys':
      return { event: 'updateKeys', value: emit.keys }
    case 'httpReply':
      return { event: 'httpReply', value: emit.reply }
  }
}

/** The last line of a message: what a flow with the usual retries would make of its first attempt. */
export function settledLine({ failure, rebound }: CallOutcome): JsonObject {
  const onError = { retry: retryDefaults, then: 'deadLetter' } as const
  if (failure !== undefined) {
    const { kind } = decideFailure({ failure, attempt: 1, onError })
    return { event: 'settled', as: settledAs(kind), error: { code: failure.code, message: failure.message } }
  }
  if (rebound === undefined) return { event: 'settled', as: 'ack' }
  const { kind } = decideRebound({ iteration: 0, reason: rebound, onError })
  return { event: 'settled', as: settledAs(kind), error: { code: 'Rebound', message: rebound } }
}

function settledAs(kind: 'retry' | 'deadLetter' | 'discard' | 'divert'): 'retry' | 'deadLetter' {
  return kind === 'retry' ? 'retry' : 'deadLetter'
}
