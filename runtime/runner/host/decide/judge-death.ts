import type { Dialect } from '../../../../flow/component/component-contract.ts'

/** Why a child is no more. */
export type DeathCause =
  /** These calls were not through in time; the process still answered. */
  | { readonly kind: 'timedOut'; readonly calls: ReadonlySet<number> }
  /** A call was not through in time and the process no longer answered: any of its calls may block it. */
  | { readonly kind: 'blocked' }
  | { readonly kind: 'tooMuchMemory'; readonly usedMb: number; readonly limitMb: number }
  /** These calls were the first of their function. */
  | { readonly kind: 'notLoaded'; readonly afterMs: number; readonly calls: ReadonlySet<number> }
  | { readonly kind: 'notSpeaking'; readonly reason: string }
  | { readonly kind: 'exited'; readonly exit: string; readonly crash?: Crash; readonly stderrTail: string }
  | { readonly kind: 'closing' }

/** The last words of a process that dies of an error. */
export interface Crash {
  readonly message: string
  readonly name?: string
  readonly stack?: string
}

/** A call that was running then. */
export interface Victim {
  readonly number: number
  readonly timeoutMs: number
  readonly dialect: Dialect
  /** Nothing else was running in the child. */
  readonly isAlone: boolean
}

export interface Judgement {
  readonly failure: Failure
  /** No attempt is spent. */
  readonly isInnocent: boolean
  /** It may have been this call as well as another; alone in a child it will show. */
  readonly isSuspect: boolean
}

interface Failure extends Crash {
  readonly code: string
  readonly permanent?: boolean
}

/** What a child's death means for one of its calls. */
export function judgeDeath(cause: DeathCause, victim: Victim): Judgement {
  switch (cause.kind) {
    case 'timedOut':
      return cause.calls.has(victim.number) ? guilty(timeOut(victim)) : innocent()
    case 'blocked':
      return suspected(timeOut(victim), victim)
    case 'tooMuchMemory':
      return suspected(outOfMemory(`it used ${cause.usedMb} MB, its limit is ${cause.limitMb} MB`), victim)
    case 'notLoaded':
      return cause.calls.has(victim.number) ? guilty(notLoaded(cause.afterMs)) : innocent()
    case 'notSpeaking':
      return suspected(crashed(`the process broke off its connection to the runner: ${cause.reason}`), victim)
    case 'exited':
      return suspected(exitFailure(cause), victim)
    case 'closing':
      return {
        failure: { code: 'RunnerClosing', message: 'its process was stopped before the call had ended' },
        isInnocent: true,
        isSuspect: false,
      }
  }
}

function guilty(failure: Failure): Judgement {
  return { failure, isInnocent: false, isSuspect: false }
}

function innocent(): Judgement {
  return { failure: crashed('the process was ended because of another message'), isInnocent: true, isSuspect: false }
}

function suspected(failure: Failure, { isAlone }: Victim): Judgement {
  return { failure, isInnocent: !isAlone, isSuspect: !isAlone }
}

function timeOut({ timeoutMs, dialect }: Victim): Failure {
  const hint =
    dialect === 'elasticio' ? '; a function of this dialect that returns nothing ends when it emits "end"' : ''
  return { code: 'StepTimedOut', message: `the function had not ended after ${timeoutMs / 1000} s${hint}` }
}

function notLoaded(afterMs: number): Failure {
  return { code: 'ComponentLoadFailed', message: `the component's code was not loaded within ${afterMs / 1000} s` }
}

function outOfMemory(detail: string): Failure {
  return { code: 'ComponentOutOfMemory', message: `the component's process ran out of memory: ${detail}` }
}

function crashed(message: string): Failure {
  return { code: 'ComponentCrashed', message }
}

/** V8's own words, all versions since Node 8. */
const heapOutOfMemory = /FATAL ERROR: .*(?:out of memory|heap limit)/i

function exitFailure({ exit, crash, stderrTail }: Extract<DeathCause, { kind: 'exited' }>): Failure {
  if (heapOutOfMemory.test(stderrTail)) return outOfMemory('its heap is full')
  if (crash === undefined) return crashed(`the component's process ended in the middle of the message: ${exit}`)
  return { ...crash, code: 'ComponentCrashed' }
}
