import { describe, expect, it } from 'vitest'
import { samplePlans } from '../../test/samples/local-plans.ts'
import { simulatedClock } from '../../runtime/clock.ts'
import type { StepEvent } from '../../runtime/store/store.ts'
import { retryNotices } from './retry-notices.ts'

const [plan] = samplePlans(`
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: contacts, uid: uid-1}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps: [{name: store, component: shop, function: put, onError: {retry: {maxAttempts: 5}}}]
---
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: shop}
spec: {source: {files: {put.js: "exports.process = () => 1"}}}
`)

const event: StepEvent = {
  namespace: 'default',
  flow: 'uid-1',
  run: 'r',
  step: 'store',
  messageId: 'm',
  attempt: 2,
  kind: 'retried',
  emitted: 0,
  at: 0,
  durationMs: 1,
  code: 'Busy',
  error: 'the shop is busy',
}

function bench() {
  const clock = simulatedClock(0)
  const lines: object[] = []
  const log = { warn: (keys: object, message: string) => void lines.push({ ...keys, message }) } as never
  return { clock, lines, notice: retryNotices({ plans: [plan!], clock, log }) }
}

describe('retryNotices', () => {
  it('tells the first failed attempt at once', () => {
    const { notice, lines } = bench()
    notice(event)
    expect(lines).toEqual([
      {
        flow: 'contacts',
        step: 'store',
        attempt: '2 of 5',
        code: 'Busy',
        error: 'the shop is busy',
        message: 'attempt failed, it will be tried again',
      },
    ])
  })

  it('tells of a step once in five seconds, and how many others there were', async () => {
    const { notice, lines, clock } = bench()
    for (let times = 0; times < 100; times += 1) notice(event)
    expect(lines).toHaveLength(1)
    await clock.advance(5000)
    notice(event)
    expect(lines[1]).toMatchObject({ others: 99 })
    await clock.advance(5000)
    notice(event)
    expect(lines[2]).not.toHaveProperty('others')
  })

  it('keeps steps apart, and is silent on all else that happens', () => {
    const { notice, lines } = bench()
    notice(event)
    notice({ ...event, step: 'vip' })
    for (const kind of ['settled', 'diverted', 'dead', 'discarded', 'waiting', 'filtered'] as const) {
      notice({ ...event, step: kind, kind })
    }
    expect(lines).toMatchObject([{ step: 'store' }, { step: 'vip', attempt: '2' }])
  })
})
