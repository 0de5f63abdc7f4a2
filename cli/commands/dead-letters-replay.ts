import type { Json, JsonObject } from '../../crds/v1alpha1/meta.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { ReplayTarget } from '../../runtime/replay/decide/replay-place.ts'
import { openLetter } from '../../runtime/replay/open-letter.ts'
import type { ReplayOptions } from '../../runtime/replay/replay-dead-letters.ts'
import { replayDeadLetters } from '../../runtime/replay/replay-dead-letters.ts'
import { storePlans } from '../../runtime/replay/store-plans.ts'
import type { DeadLetter, Store } from '../../runtime/store/store.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import { flowNames } from '../connect/find-flow.ts'
import { openBrokerOf } from '../connect/open-broker.ts'
import { withStore } from '../connect/with-store.ts'
import type { Meant } from '../letters/meant-letters.ts'
import { meantLetters } from '../letters/meant-letters.ts'
import { editedMessage } from '../letters/edited-message.ts'
import { editInEditor } from '../letters/edit-in-editor.ts'
import { letterName } from '../letters/letter-name.ts'
import { letterScope } from '../letters/letter-scope.ts'
import type { LetterFilters } from '../letters/select-letters.ts'
import { expressionOf } from '../letters/select-letters.ts'
import type { ReportOptions } from '../letters/report-replay.ts'
import { reportReplay } from '../letters/report-replay.ts'
import { tellFailed } from '../letters/tell-failed.ts'
import { readJsonOption } from '../read-value.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface ReplayCommandOptions extends ConnectOptions, LetterFilters, ReportOptions {
  readonly all: boolean
  readonly to: string
  readonly edit: boolean
  readonly editWith?: string
  readonly data?: string
}

/** Sends dead letters on their way again. Exit code 1 when some could not be. */
export function deadLettersReplayCommand(
  context: CommandContext,
  names: readonly string[],
  options: ReplayCommandOptions,
): Promise<number> {
  return withStore(context, options, async (store) => {
    const meant = await meantLetters(store, names, { ...options, nowMs: systemClock.now() })
    const edit = await editOf(context, store, { options, meant })
    if (edit === 'unchanged') return tell(context, 'edit cancelled, nothing changed')
    // What changes nothing needs no queues, and can be tried beside a run that has them.
    const broker = options.dryRun ? undefined : await openBrokerOf(context, options)
    try {
      const parts = { broker, store, plans: storePlans(store), clock: systemClock }
      const outcomes = replayDeadLetters(parts, meant.letters, { to: targetOf(options.to), ...(edit && { edit }) })
      const code = await reportReplay(context.terminal, outcomes, options)
      return Math.max(code, tellFailed(context.terminal.err, meant))
    } finally {
      await broker?.close()
    }
  })
}

/** `failed-step`, `entry`, or a step; a step that is called so is written `step/entry`. */
function targetOf(to: string): ReplayTarget {
  if (to === 'failed-step') return { kind: 'failedStep' }
  if (to === 'entry') return { kind: 'entry' }
  return { kind: 'step', step: to.replace(/^step\//, '') }
}

interface Editing {
  readonly options: ReplayCommandOptions
  readonly meant: Meant
}

async function editOf(
  context: CommandContext,
  store: Store,
  { options: { edit, editWith, data }, meant }: Editing,
): Promise<ReplayOptions['edit'] | 'unchanged'> {
  const ways = [edit, editWith !== undefined, data !== undefined].filter(Boolean).length
  if (ways > 1) throw new UsageError('give one of --edit, --edit-with and --data')
  if (edit) return editByHand(context, store, meant)
  if (editWith !== undefined) return computed(store, editWith)
  if (data === undefined) return undefined
  const given = await readJsonOption({ option: '--data', text: data }, context.terminal)
  return (before) => editedMessage(before, given)
}

async function editByHand(
  context: CommandContext,
  store: Store,
  { named }: Meant,
): Promise<ReplayOptions['edit'] | 'unchanged'> {
  const [letter, ...more] = named ?? []
  if (letter === undefined || more.length > 0) {
    throw new UsageError('--edit takes one dead letter, by its name; --edit-with takes many')
  }
  const opened = await openLetter(store, letter)
  const after = await editInEditor(context, opened.kind === 'opened' ? opened.message() : { data: null })
  return after === undefined ? 'unchanged' : () => after
}

function computed(store: Store, source: string): ReplayOptions['edit'] {
  const expression = expressionOf('--edit-with', source)
  const names = flowNames(store)
  return async (before: JsonObject, letter: DeadLetter) => {
    const scope = letterScope(letter, await openLetter(store, letter), await names(letter.flow))
    const value = (await expression.evaluate(scope)) as Json | undefined // an expression gives JSON
    if (value === undefined) throw new UsageError(`--edit-with gives nothing for ${letterName(letter)}`)
    return editedMessage(before, value)
  }
}

function tell({ terminal: { err } }: CommandContext, text: string): number {
  err.write(`${text}\n`)
  return 0
}
