import { systemClock } from '../../runtime/clock.ts'
import type { DeadLetter, Store } from '../../runtime/store/store.ts'
import { age } from '../age.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import { flowNames } from '../connect/find-flow.ts'
import { withStore } from '../connect/with-store.ts'
import { count } from '../format-findings.ts'
import { letterName, letterSummary } from '../letters/letter-name.ts'
import { tellFailed } from '../letters/tell-failed.ts'
import type { LetterFilters } from '../letters/select-letters.ts'
import { selectLetters } from '../letters/select-letters.ts'
import { printStructured } from '../structured.ts'
import { brief, table } from '../table.ts'
import type { Output } from '../terminal.ts'
import type { CommandContext } from './context.ts'

export interface ListOptions extends ConnectOptions, LetterFilters {
  readonly settled: boolean
  readonly limit: number
  readonly output: 'table' | 'json' | 'yaml' | 'name'
}

/** Prints the dead letters, newest first, without their messages. Exit code 1 when `--where` failed on some. */
export function deadLettersListCommand(context: CommandContext, options: ListOptions): Promise<number> {
  return withStore(context, options, (store) => list(context, options, store))
}

async function list(context: CommandContext, options: ListOptions, store: Store): Promise<number> {
  const { err } = context.terminal
  const nowMs = systemClock.now()
  const selected = await selectLetters(store, options, { nowMs, isSettledToo: options.settled })
  const letters: DeadLetter[] = []
  let isMore = false
  for await (const letter of selected.letters) {
    isMore = letters.length === options.limit
    if (isMore) break
    letters.push(letter)
  }
  const names = flowNames(store)
  const named = await Promise.all(letters.map(async (letter) => ({ letter, flow: await names(letter.flow) })))
  await print(context, named, { form: options.output, nowMs, isSettledToo: options.settled })
  if (isMore)
    err.write(`only the newest ${count(letters.length, 'dead letter')}; --limit shows more
`)
  return tellFailed(err, selected)
}

interface Named {
  readonly letter: DeadLetter
  readonly flow: string
}

interface Printing {
  readonly form: ListOptions['output']
  readonly nowMs: number
  readonly isSettledToo: boolean
}

async function print(
  { terminal }: CommandContext,
  named: readonly Named[],
  { form, nowMs, isSettledToo }: Printing,
): Promise<void> {
  const { out, err } = terminal
  switch (form) {
    case 'name':
      return out.write(named.map(({ letter }) => `${letterName(letter)}\n`).join(''))
    case 'json':
    case 'yaml':
      return printStructured(
        terminal,
        named.map(({ letter, flow }) => letterSummary(letter, flow)),
        form,
      )
    case 'table':
      return named.length === 0 ? err.write('no dead letters\n') : printTable(out, named, { nowMs, isSettledToo })
  }
}

function printTable(out: Output, named: readonly Named[], { nowMs, isSettledToo }: Omit<Printing, 'form'>): void {
  const headings = ['NAME', 'FLOW', 'CODE', 'ATTEMPTS', 'AGE', ...(isSettledToo ? ['STATE'] : []), 'MESSAGE']
  const rows = named.map(({ letter, flow }) => [
    letterName(letter),
    flow,
    letter.code,
    String(letter.attempts),
    age(nowMs - letter.diedAt),
    ...(isSettledToo ? [letter.state] : []),
    brief(letter.message),
  ])
  out.write(table(headings, rows))
}
