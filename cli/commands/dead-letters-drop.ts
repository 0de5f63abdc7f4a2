import { systemClock } from '../../runtime/clock.ts'
import { dropDeadLetter } from '../../runtime/replay/replay-dead-letters.ts'
import type { DeadLetter, Store } from '../../runtime/store/store.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import { withStore } from '../connect/with-store.ts'
import { count } from '../format-findings.ts'
import { letterName } from '../letters/letter-name.ts'
import { meantLetters } from '../letters/meant-letters.ts'
import type { LetterFilters } from '../letters/select-letters.ts'
import { tellFailed } from '../letters/tell-failed.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface DropOptions extends ConnectOptions, LetterFilters {
  readonly all: boolean
  readonly yes: boolean
  readonly dryRun: boolean
  readonly output: 'text' | 'name'
}

/** Gives dead letters up. What filters choose is counted first, and dropped only when that is agreed to. */
export function deadLettersDropCommand(
  context: CommandContext,
  names: readonly string[],
  options: DropOptions,
): Promise<number> {
  return withStore(context, options, async (store) => {
    const meant = await meantLetters(store, names, { ...options, nowMs: systemClock.now() })
    const letters: DeadLetter[] = []
    for await (const letter of meant.letters) letters.push(letter)
    const isBulk = names.length === 0 && letters.length > 0
    if (isBulk && !options.yes && !options.dryRun) {
      throw new UsageError(
        `this drops ${count(letters.length, 'dead letter')}, for good: say --yes, or --dry-run to see which`,
      )
    }
    const dropped = await dropAll(context, store, { letters, options })
    if (letters.length !== 1) {
      const verb = options.dryRun ? 'would be dropped' : 'dropped'
      context.terminal.err.write(`${count(dropped, 'dead letter')} ${verb}\n`)
    }
    return tellFailed(context.terminal.err, meant)
  })
}

interface Dropping {
  readonly letters: readonly DeadLetter[]
  readonly options: Pick<DropOptions, 'dryRun' | 'output'>
}

async function dropAll(
  { terminal: { out, err } }: CommandContext,
  store: Store,
  { letters, options: { dryRun, output } }: Dropping,
): Promise<number> {
  let dropped = 0
  // One after the other: each is told when it is done.
  for (const letter of letters) {
    const name = letterName(letter)
    if (dryRun ? letter.state === 'dead' : await dropDeadLetter(store, letter)) {
      dropped += 1
      out.write(`${name}${output === 'name' ? '' : ` dropped${dryRun ? ' (dry run)' : ''}`}\n`)
    } else err.write(`${name} was replayed or dropped already\n`)
  }
  return dropped
}
