import { listed, quoted, suggestion } from '../../../flow/finding/suggest.ts'
import type { Plan } from '../../../flow/plan/plan.ts'
import { carriesAll, queueAt } from '../../decide/choose-plan.ts'
import type { MessageHeaders } from '../../wire/message.ts'

/** Where a dead letter is to begin again: where it failed, at the step that its trigger goes to, or at a step by its name. */
export type ReplayTarget =
  { readonly kind: 'failedStep' } | { readonly kind: 'entry' } | { readonly kind: 'step'; readonly step: string }

export interface ReplayQuestion {
  /** What the message was when it died, and where that was. */
  readonly letter: { readonly step: string; readonly replay: number; readonly headers: MessageHeaders }
  /** The plan that the message names; undefined when it is gone. */
  readonly named: Plan | undefined
  /** The plan that new messages of the flow are stamped with; undefined when the flow is gone. */
  readonly active: Plan | undefined
  readonly target: ReplayTarget
  /** Somebody has looked at the message and says what it is to be: what it carries is on them. */
  readonly isEdited: boolean
}

export type ReplayPlace =
  | { readonly kind: 'place'; readonly queue: string; readonly headers: Omit<MessageHeaders, 'copy'> }
  | { readonly kind: 'refused'; readonly code: ReplayRefusal; readonly message: string }

export type ReplayRefusal = 'FlowNotFound' | 'StepNotFound' | 'TriggerNotFound' | 'CarriedMissing'

/**
 * The queue that a dead letter goes back to, and as what. It runs under the active plan, like every replay, if that has the
 * step and reads of earlier messages no more than the message carries; else under the plan that it names, as long as that is kept.
 */
export function decideReplay(question: ReplayQuestion): ReplayPlace {
  const { active, named, letter } = question
  if (active === undefined) {
    return refused('FlowNotFound', 'the flow is gone: what belongs to it can only be looked at, or dropped')
  }
  const step = stepOf(question, active)
  if (typeof step !== 'string') return step
  const isAsItDied = question.target.kind === 'failedStep'
  if (active.steps[step] !== undefined && (question.isEdited || carriesEnough(named, active))) {
    return placed(letter, active, { step, isAsItDied })
  }
  if (named?.steps[step] !== undefined) return placed(letter, named, { step, isAsItDied })
  return active.steps[step] === undefined ? stepNotFound(step, active) : carriedMissing(active, letter.headers)
}

/** Without the plan that it was made by nobody knows what it carries; that is enough where nothing is read. */
function carriesEnough(named: Plan | undefined, active: Plan): boolean {
  return carriesAll(named?.carried ?? { steps: {}, trigger: [] }, active.carried)
}

function stepOf({ target, letter }: ReplayQuestion, active: Plan): string | ReplayPlace {
  if (target.kind === 'failedStep') return letter.step
  if (target.kind === 'step') return target.step
  const { trigger: name } = letter.headers
  const trigger = active.triggers.find((one) => one.name === name)
  if (trigger !== undefined) return trigger.to
  return refused(
    'TriggerNotFound',
    `the flow has no trigger ${quoted(name)} any more, so it is not known where its runs begin: name the step, with --to STEP`,
  )
}

function placed(
  { headers, replay, step: failedStep }: ReplayQuestion['letter'],
  plan: Plan,
  { step, isAsItDied }: { readonly step: string; readonly isAsItDied: boolean },
): ReplayPlace {
  const queue = queueAt(plan, step)
  if (queue === undefined) return stepNotFound(step, plan)
  const { notBefore: _, notAfter: __, replyTo: ___, left, copy: ____, ...kept } = headers
  return {
    kind: 'place',
    queue,
    headers: {
      ...kept,
      revision: plan.revision,
      revisionHash: plan.hash,
      at: step,
      // It had died behind its step, which is not to be done twice.
      ...(left === true && isAsItDied && headers.at === failedStep && { left }),
      attempt: 1,
      hops: 0,
      replay: replay + 1,
    },
  }
}

function stepNotFound(step: string, active: Plan): ReplayPlace {
  const steps = Object.keys(active.steps)
  return refused(
    'StepNotFound',
    `the flow has no step ${quoted(step)} any more${suggestion(step, steps)}. Name another with --to STEP`,
  )
}

function carriedMissing(active: Plan, { revision }: MessageHeaders): ReplayPlace {
  const read = Object.keys(active.carried.steps).map((name) => (name === '*' ? '$steps' : `$steps.${name}`))
  const all = active.carried.trigger.length > 0 ? [...read, '$trigger'] : read
  return refused(
    'CarriedMissing',
    `revision ${active.revision} reads ${listed(all)}, which a message of revision ${revision} does not carry. Edit the message to say that it is enough`,
  )
}

function refused(code: ReplayRefusal, message: string): ReplayPlace {
  return { kind: 'refused', code, message }
}
