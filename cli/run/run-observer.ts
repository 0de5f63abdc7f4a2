import type { Logger } from 'pino'
import type { Plan } from '../../flow/plan/plan.ts'
import type { LiveCounts } from '../../local/live-counts.ts'
import type { LocalRuntimeOptions } from '../../local/local-runtime.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { StepMeters } from '../../runtime/metrics/step-meters.ts'
import type { FinishedMessage, RunnerObserver } from '../../runtime/runner/runner-parts.ts'
import type { DeadLetter } from '../../runtime/store/store.ts'
import { count } from '../format-findings.ts'
import { printable } from '../log.ts'
import type { Output } from '../terminal.ts'
import { retryNotices } from './retry-notices.ts'

/** Hears what happens in a run: counts it, and tells people what they should know at once. */
export interface RunObserver extends Pick<LocalRuntimeOptions, 'observer' | 'onDeadLetter'> {
  /** Who wants to hear of settled entries from now on: the scheduler, once it is open. */
  readonly onEntrySettled: (listener: RunnerObserver['onEntrySettled']) => void
}

export interface RunObserverParts {
  /** May grow: the latest of a flow counts. */
  readonly plans: readonly Plan[]
  readonly counts: LiveCounts
  readonly meters: StepMeters
  readonly clock: Clock
  readonly err: Output
  readonly log: Logger
  readonly onFinished: (finished: FinishedMessage) => void
}

export function runObserver({ plans, counts, meters, clock, err, log, onFinished }: RunObserverParts): RunObserver {
  const noticeRetry = retryNotices({ plans, clock, log })
  let entrySettled: RunnerObserver['onEntrySettled'] = () => {}
  return {
    observer: {
      onReceived: counts.observe.onReceived,
      onEvent: (event) => {
        counts.observe.onEvent(event)
        meters.observer.onEvent(event)
        noticeRetry(event)
      },
      onEntrySettled: (headers, emitted) => entrySettled(headers, emitted),
      onDeliveryBegin: meters.observer.onDeliveryBegin,
      onDeliveryEnd: meters.observer.onDeliveryEnd,
      onBudgetWait: meters.observer.onBudgetWait,
      onBudgetUnknown: meters.observer.onBudgetUnknown,
      onFinished: (finished) => {
        counts.observe.onFinished(finished)
        onFinished(finished)
      },
    },
    onDeadLetter: (letter) => {
      counts.observe.onDeadLetter()
      err.write(`${err.style('red', 'dead letter')} ${printable(describeDeadLetter(letter, plans))}\n`)
    },
    onEntrySettled: (listener) => {
      entrySettled = listener
    },
  }
}

function describeDeadLetter(letter: DeadLetter, plans: readonly Plan[]): string {
  const flow = plans.findLast((plan) => plan.flow.uid === letter.flow)?.flow.name ?? letter.flow
  const { step, code, message, run } = letter
  return `${flow}/${step} ${code}: ${message} (${count(letter.attempts, 'attempt')}, run ${run})`
}
