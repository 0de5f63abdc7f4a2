import type { LiveCounts } from '../../local/live-counts.ts'
import { count } from '../format-findings.ts'

/** What came of a run, in one line without its end. */
export function summaryOf(counts: Pick<LiveCounts, 'steps' | 'finished' | 'deadLetters'>): string {
  const steps = counts.steps()
  const sum = (what: 'retried' | 'discarded'): number => steps.reduce((all, step) => all + step[what], 0)
  const parts = [
    `${count(counts.finished(), 'message')} left the last steps`,
    ...(counts.deadLetters() === 0 ? [] : [count(counts.deadLetters(), 'dead letter')]),
    ...(sum('discarded') === 0 ? [] : [`${sum('discarded')} discarded`]),
    ...(sum('retried') === 0 ? [] : [`${count(sum('retried'), 'attempt')} tried again`]),
  ]
  return parts.join(', ')
}
