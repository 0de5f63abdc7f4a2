import { expect, vi } from 'vitest'
import type { BudgetUse, PermitAnswer, PermitAsk } from '../../budget/decide/take-permits.ts'
import { takePermits } from '../../budget/decide/take-permits.ts'
import type { StorePromise } from './store-promise.ts'
import { race } from './store-promise.ts'

const hourMs = 3_600_000
/** What a check takes of time must not matter. */
const leewayMs = 60_000
const ask: PermitAsk = { intervalMs: hourMs, burst: 3, wanted: 1, spare: 0, aheadMs: 0 }

export const rateBudgetPromises: readonly StorePromise[] = [
  {
    name: 'rate budgets: all who take share one budget, and hear when there is more',
    check: async ({ store, other, flow }) => {
      expect(await store.rateBudgets.take(flow, { ...ask, wanted: 2 })).toMatchObject({ kind: 'taken', count: 2 })
      expect(await other.rateBudgets.take(flow, { ...ask, wanted: 5 })).toMatchObject({ kind: 'taken', count: 1 })
      const late = await store.rateBudgets.take(flow, ask)
      expect(late.kind === 'none' && Math.abs(late.againMs - hourMs)).toBeLessThan(leewayMs)
      expect(await store.rateBudgets.take(`${flow}-2`, ask)).toMatchObject({ kind: 'taken', count: 1 })
    },
  },
  {
    name: 'rate budgets: of many that take at once no more get a permit than there are',
    check: async (bench) => {
      const answers = await race(bench, 20, (store) => store.rateBudgets.take(bench.flow, { ...ask, burst: 7 }))
      expect(answers.filter(({ kind }) => kind === 'taken')).toHaveLength(7)
    },
  },
  {
    name: 'rate budgets: every adapter decides as the one function does',
    check: async ({ store, other, flow }) => {
      const now = Date.now()
      let use: BudgetUse | undefined
      for (let at = 0; at < 60; at += 1) {
        // By a fixed rule, every value with every other.
        const asked = {
          intervalMs: (1 + (at % 2)) * hourMs,
          burst: 1 + (at % 5),
          wanted: at % 4,
          spare: at % 3,
          aheadMs: (at % 7) * 0.7 * hourMs,
        }
        const decided = takePermits(use, asked, now)
        use = decided.use
        const answer = await (at % 2 === 0 ? store : other).rateBudgets.take(flow, asked)
        expect(rounded(answer), `ask ${at}`).toEqual(rounded(decided.answer))
      }
    },
  },
  {
    name: 'rate budgets: one that was raised is the larger one at once, also for who asks again and again',
    check: async ({ store, other, flow }) => {
      await store.rateBudgets.take(flow, ask)
      await store.rateBudgets.take(flow, { ...ask, burst: 1, aheadMs: 2 * hourMs })
      const raised = { ...ask, intervalMs: 50, burst: 1, aheadMs: 0 }
      expect(await other.rateBudgets.take(flow, raised)).toMatchObject({ kind: 'none' })
      await vi.waitFor(async () => expect(await other.rateBudgets.take(flow, raised)).toMatchObject({ kind: 'taken' }))
    },
  },
  {
    name: 'rate budgets: in a pause nobody gets a permit, and the longer of two counts',
    check: async ({ store, other, flow }) => {
      await store.rateBudgets.pause(flow, hourMs)
      await other.rateBudgets.pause(flow, 1000)
      const paused = await other.rateBudgets.take(flow, ask)
      expect(paused.kind === 'none' && Math.abs(paused.againMs - hourMs)).toBeLessThan(leewayMs)
      await store.rateBudgets.pause(flow, 3 * hourMs)
      const longer = await store.rateBudgets.take(flow, ask)
      expect(longer.kind === 'none' && Math.abs(longer.againMs - 3 * hourMs)).toBeLessThan(leewayMs)
      expect(await store.rateBudgets.take(`${flow}-2`, ask)).toMatchObject({ kind: 'taken' })
    },
  },
  {
    name: 'rate budgets: a pause takes no permit along, and ends',
    check: async ({ store, flow }) => {
      await store.rateBudgets.take(flow, { ...ask, wanted: 2 })
      await store.rateBudgets.pause(flow, 5)
      await vi.waitFor(async () => {
        expect(await store.rateBudgets.take(flow, { ...ask, wanted: 9 })).toMatchObject({ kind: 'taken', count: 1 })
      })
    },
  },
]

/** Times to the leeway. */
function rounded(answer: PermitAnswer): object {
  const minutes = (ms: number): number => Math.round(ms / leewayMs) + 0
  return answer.kind === 'taken'
    ? { count: answer.count, firstIn: minutes(answer.firstInMs) }
    : { againIn: minutes(answer.againMs) }
}
