import { systemClock } from '../../runtime/clock.ts'
import type { OpenedLetter } from '../../runtime/replay/open-letter.ts'
import { openLetter } from '../../runtime/replay/open-letter.ts'
import type { DeadLetter, Store } from '../../runtime/store/store.ts'
import { age } from '../age.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import { flowNames } from '../connect/find-flow.ts'
import { withStore } from '../connect/with-store.ts'
import { letterName, letterSummary } from '../letters/letter-name.ts'
import { namedLetters } from '../letters/select-letters.ts'
import { printable } from '../log.ts'
import { printStructured } from '../structured.ts'
import { described, table } from '../table.ts'
import type { CommandContext } from './context.ts'

export interface ShowOptions extends ConnectOptions {
  readonly output: 'text' | 'json' | 'yaml'
}

/** Prints dead letters with their attempts and their messages. */
export function deadLettersShowCommand(
  context: CommandContext,
  names: readonly string[],
  options: ShowOptions,
): Promise<number> {
  return withStore(context, options, (store) => show(context, store, { names, form: options.output }))
}

interface Showing {
  readonly names: readonly string[]
  readonly form: ShowOptions['output']
}

async function show({ terminal }: CommandContext, store: Store, { names, form }: Showing): Promise<number> {
  const letters = await namedLetters(store, names)
  const flowName = flowNames(store)
  const shown = await Promise.all(
    letters.map(async (letter) => ({
      letter,
      opened: await openLetter(store, letter),
      flow: await flowName(letter.flow),
    })),
  )
  if (form === 'text') {
    terminal.out.write(shown.map(asText).join('\n---\n\n'))
    return 0
  }
  const values = shown.map(asValue)
  await printStructured(terminal, values.length === 1 ? values[0] : values, form)
  return 0
}

interface Shown {
  readonly letter: DeadLetter
  readonly opened: OpenedLetter
  readonly flow: string
}

function asText({ letter, opened, flow }: Shown): string {
  const { run, revision, state, code, message, headers, diedAt, failures, attempts } = letter
  const died = new Date(diedAt).toISOString()
  const head = described([
    ['Name', letterName(letter)],
    ['Flow', flow],
    ['Step', letter.step],
    ['Run', run],
    ['Trigger', headers.trigger],
    ['Revision', String(revision)],
    ['State', state],
    ['Died', `${died} (${age(systemClock.now() - diedAt)} ago), at attempt ${attempts}`],
    ['Error', `${code}: ${message}`],
  ])
  const rows = failures.map((failure) => [
    failure.at,
    failure.step,
    String(failure.attempt),
    failure.code,
    failure.message,
  ])
  const history =
    rows.length === 0 ? '' : `\nAttempts:\n${indented(table(['AT', 'STEP', 'ATTEMPT', 'CODE', 'MESSAGE'], rows))}`
  return `${head}${history}${contentText(opened)}`
}

function contentText(opened: OpenedLetter): string {
  if (opened.kind === 'refused') return `\nMessage: ${opened.message}\n`
  const { carried } = opened
  const more = Object.keys(carried).length === 0 ? '' : `\nCarried:\n${json(carried)}`
  return `\nMessage:\n${json(opened.message())}${more}`
}

function asValue({ letter, opened, flow }: Shown): unknown {
  const { failures, headers, body } = letter
  const content =
    opened.kind === 'opened'
      ? { message: opened.message(), carried: opened.carried }
      : { unreadable: opened.code, bodyBase64: Buffer.from(body).toString('base64') }
  const { message: error, ...summary } = letterSummary(letter, flow)
  return { ...summary, error, failures, headers, ...content }
}

function json(value: unknown): string {
  return indented(`${printable(JSON.stringify(value, undefined, 2))}\n`)
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ')
}
