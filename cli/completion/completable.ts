import type { Argument, Command, Option } from 'commander'

/** One command line as completion sees it. */
export interface Completable {
  /** Words after `weir`, as `component call`; empty for `weir` itself. */
  readonly path: string
  readonly subcommands: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly CompletableOption[]
  /** What its arguments are. */
  readonly argument: CompletableValue
}

export interface CompletableOption {
  /** As typed: `--output`, and `-o` where there is one. */
  readonly names: readonly string[]
  readonly description: string
  readonly value: CompletableValue
}

export type CompletableValue =
  | { readonly kind: 'none' | 'text' | 'file' | 'directory' }
  | { readonly kind: 'choices'; readonly choices: readonly string[] }

/** Every command with its options, from the commands as they are, so that completion cannot fall behind. */
export function completables(command: Command, path = ''): Completable[] {
  const subcommands = command.commands.filter((one) => one.name() !== 'help')
  const own: Completable = {
    path,
    subcommands: subcommands.map((one) => ({ name: one.name(), description: one.description() })),
    options: [...command.options.map(optionOf), helpOption],
    argument: command.registeredArguments.map(argumentValue)[0] ?? { kind: 'none' },
  }
  return [own, ...subcommands.flatMap((one) => completables(one, `${path} ${one.name()}`.trim()))]
}

const helpOption: CompletableOption = {
  names: ['--help', '-h'],
  description: 'display help for command',
  value: { kind: 'none' },
}

function optionOf(option: Option): CompletableOption {
  const names = [option.long, option.short].filter((name) => name !== undefined && name !== null)
  return { names, description: option.description, value: optionValue(option) }
}

function optionValue({ argChoices, flags, required, optional }: Option): CompletableValue {
  if (argChoices !== undefined) return { kind: 'choices', choices: argChoices }
  return required || optional ? placeholderValue(flags) : { kind: 'none' }
}

function argumentValue(argument: Argument): CompletableValue {
  if (argument.argChoices !== undefined) return { kind: 'choices', choices: argument.argChoices }
  return placeholderValue(argument.name())
}

/** A placeholder says what stands for it, to people and here. */
function placeholderValue(placeholder: string): CompletableValue {
  if (/dir/i.test(placeholder)) return { kind: 'directory' }
  return /file|path|json/i.test(placeholder) ? { kind: 'file' } : { kind: 'text' }
}
