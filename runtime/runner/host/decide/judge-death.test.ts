import { describe, expect, it } from 'vitest'
import type { DeathCause, Judgement } from './judge-death.ts'
import { judgeDeath } from './judge-death.ts'

const alone = { number: 1, timeoutMs: 2000, dialect: 'oih', isAlone: true } as const
const among = { ...alone, isAlone: false } as const
const exited = { kind: 'exited', exit: 'it exited with code 3', stderrTail: '' } as const
const guilty = { isInnocent: false, isSuspect: false }
const suspect = { isInnocent: true, isSuspect: true }
const innocent = { isInnocent: true, isSuspect: false }

/** Standard error of a full heap, as Node prints it. */
const heapDeaths = {
  8: 'FATAL ERROR: CALL_AND_RETRY_LAST Allocation failed - JavaScript heap out of memory\n 1: node::Abort()',
  12: 'FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory',
  24: '<--- Last few GCs --->\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n----- Native stack trace -----',
}

const cases: {
  name: string
  cause: DeathCause
  victim: typeof alone | typeof among
  want: Partial<Judgement> & { code: string }
}[] = [
  {
    name: 'late',
    cause: { kind: 'timedOut', calls: new Set([1]) },
    victim: alone,
    want: { ...guilty, code: 'StepTimedOut' },
  },
  {
    name: 'late, among others',
    cause: { kind: 'timedOut', calls: new Set([1]) },
    victim: among,
    want: { ...guilty, code: 'StepTimedOut' },
  },
  {
    name: 'beside a late one',
    cause: { kind: 'timedOut', calls: new Set([2]) },
    victim: among,
    want: { ...innocent, code: 'ComponentCrashed' },
  },
  {
    name: 'in a process that one of several blocks',
    cause: { kind: 'blocked' },
    victim: among,
    want: { ...suspect, code: 'StepTimedOut' },
  },
  {
    name: 'too large, alone',
    cause: { kind: 'tooMuchMemory', usedMb: 9, limitMb: 8 },
    victim: alone,
    want: { ...guilty, code: 'ComponentOutOfMemory' },
  },
  {
    name: 'too large, among others',
    cause: { kind: 'tooMuchMemory', usedMb: 9, limitMb: 8 },
    victim: among,
    want: { ...suspect, code: 'ComponentOutOfMemory' },
  },
  {
    name: 'not loaded',
    cause: { kind: 'notLoaded', afterMs: 5, calls: new Set([1]) },
    victim: alone,
    want: { ...guilty, code: 'ComponentLoadFailed' },
  },
  {
    name: 'beside one that is not loaded',
    cause: { kind: 'notLoaded', afterMs: 5, calls: new Set([2]) },
    victim: among,
    want: innocentOf('ComponentCrashed'),
  },
  { name: 'exited, alone', cause: exited, victim: alone, want: { ...guilty, code: 'ComponentCrashed' } },
  { name: 'exited, among others', cause: exited, victim: among, want: { ...suspect, code: 'ComponentCrashed' } },
  {
    name: 'speaking nonsense',
    cause: { kind: 'notSpeaking', reason: 'x' },
    victim: alone,
    want: { ...guilty, code: 'ComponentCrashed' },
  },
  {
    name: 'closed by the runner',
    cause: { kind: 'closing' },
    victim: alone,
    want: { ...innocent, code: 'RunnerClosing' },
  },
  ...Object.entries(heapDeaths).map(([node, stderrTail]) => ({
    name: `a full heap on Node ${node}`,
    cause: { ...exited, stderrTail },
    victim: alone,
    want: { ...guilty, code: 'ComponentOutOfMemory' },
  })),
]

function innocentOf(code: string): Partial<Judgement> & { code: string } {
  return { ...innocent, code }
}

describe('judgeDeath', () => {
  it.each(cases)('$name', ({ cause, victim, want: { code, ...want } }) => {
    expect(judgeDeath(cause, victim)).toMatchObject({ ...want, failure: { code } })
  })

  it('gives the last words of a process that died of an error', () => {
    const crash = { message: 'boom', name: 'TypeError', stack: 'TypeError: boom\n at x.js:1' }
    expect(judgeDeath({ ...exited, crash }, alone).failure).toEqual({ ...crash, code: 'ComponentCrashed' })
  })

  it('tells the author of an old-style function how it ends', () => {
    const { failure } = judgeDeath({ kind: 'timedOut', calls: new Set([1]) }, { ...alone, dialect: 'elasticio' })
    expect(failure.message).toBe(
      'the function had not ended after 2 s; a function of this dialect that returns nothing ends when it emits "end"',
    )
  })
})
