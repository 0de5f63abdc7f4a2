import type { Scope } from '../../flow/expression/expression.ts'
import type { OpenedLetter } from '../../runtime/replay/open-letter.ts'
import type { DeadLetter } from '../../runtime/store/store.ts'
import { letterSummary } from './letter-name.ts'

/** What an expression over a dead letter sees: the message as its step did, and beside it `letter`. */
export function letterScope(letter: DeadLetter, opened: OpenedLetter, flowName: string): Scope {
  const { headers, step, run } = letter
  const carried = opened.kind === 'opened' ? opened.carried : {}
  const message = opened.kind === 'opened' ? opened.message() : {}
  const [namespace = '', name = flowName] = flowName.includes('/') ? flowName.split('/') : ['', flowName]
  return {
    // An expression takes what there is.
    message: { data: undefined, metadata: {}, attachments: {}, ...message, letter: letterSummary(letter, flowName) },
    steps: carried.steps ?? {},
    trigger: { kind: '', ...carried.trigger, name: headers.trigger },
    run: { id: run, startedAt: headers.runStartedAt },
    flow: { name, namespace, labels: {} },
    step: { name: step },
  }
}
