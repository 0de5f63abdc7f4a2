import type { Clock } from '../clock.ts'
import type { Work } from './memory-store.ts'
import type { Retention } from './retention.ts'
import type { TrialStore } from './trial-store.ts'

export function memoryTrials(work: Work, clock: Clock, { trialsMs }: Retention): TrialStore {
  /** The one that began last comes last. */
  const trials = new Map<string, { readonly count: number; readonly begunAt: number }>()

  const forgetOld = (): void => {
    for (const [key, { begunAt }] of trials) {
      if (begunAt + trialsMs >= clock.now()) return
      trials.delete(key)
    }
  }
  return {
    begin: (key) =>
      work(() => {
        forgetOld()
        const count = (trials.get(key)?.count ?? 0) + 1
        trials.delete(key)
        trials.set(key, { count, begunAt: clock.now() })
        return count
      }),
    end: (key) => work(() => void trials.delete(key)),
  }
}
