import { expect, it } from 'vitest'
import type { PodTrouble } from './pod-trouble.ts'
import { lastingTrouble, type PoolStanding } from './pool-standing.ts'

const crash = { reason: 'CrashLoopBackOff', message: 'it ends again and again' }
const standing: PoolStanding = { report: undefined, pods: undefined, ready: 0, wanted: 1 }
const refused = { reason: 'PoolRefused', message: 'a quota', isFinal: false } as const
const denied = { reason: 'SecretAccessDenied', message: 'no', isFinal: false } as const
const large = { reason: 'SourceTooLarge', message: 'too much', isFinal: true } as const

it.each<{ name: string; before?: PodTrouble; facts: Partial<PoolStanding>; want: string | undefined }>([
  { name: 'pods that start', facts: {}, want: undefined },
  { name: 'a pod that does not work', facts: { pods: crash }, want: 'CrashLoopBackOff' },
  { name: 'one beside another that works', facts: { pods: crash, ready: 1, wanted: 2 }, want: undefined },
  { name: 'one that runs for a moment', before: crash, facts: {}, want: 'CrashLoopBackOff' },
  { name: 'one that works again', before: crash, facts: { ready: 1 }, want: undefined },
  { name: 'none is wanted', before: crash, facts: { wanted: 0 }, want: undefined },
  { name: 'a quota', facts: { report: refused }, want: 'PoolRefused' },
  { name: 'source that nobody can mount', facts: { report: large, ready: 1 }, want: 'SourceTooLarge' },
  { name: 'Secrets that may not be read: steps without run', facts: { report: denied }, want: undefined },
])('what keeps a pool from working: $name', ({ before, facts, want }) => {
  expect(lastingTrouble(before, { ...standing, ...facts })?.reason).toBe(want)
})

it('says the same of the same, whatever the next try is told', () => {
  const before = { reason: 'ImagePullBackOff', message: 'port 55140: i/o timeout' }
  const pods = { reason: 'ImagePullBackOff', message: 'back-off' }
  expect(lastingTrouble(before, { ...standing, pods })).toEqual(before)
  expect(lastingTrouble(before, { ...standing, pods: crash })).toEqual(crash)
})
