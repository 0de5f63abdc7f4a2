import type { Completable, CompletableOption, CompletableValue } from './completable.ts'

/** For `weir completion fish | source`, or as a file in `~/.config/fish/completions`. */
export function fishCompletion(commands: readonly Completable[]): string {
  const lines = commands.flatMap((command) => {
    const condition = conditionOf(command, commands)
    return [
      ...command.subcommands.map(
        ({ name, description }) => `complete -c weir -f -n ${condition} -a ${quoted(name)} -d ${quoted(description)}`,
      ),
      ...argumentLines(command.argument, condition),
      ...command.options.map((option) => optionLine(option, condition)),
    ]
  })
  return `# Completion of weir for fish.\n${['complete -c weir -f', ...lines].join('\n')}\n`
}

/** The cursor stands in this command, and in none of those below it. */
function conditionOf({ path, subcommands }: Completable, commands: readonly Completable[]): string {
  const top = commands[0]?.subcommands.map(({ name }) => name) ?? []
  const words = path.split(' ').filter(Boolean)
  const below = path === '' ? top : subcommands.map(({ name }) => name)
  const within = words.map((word) => `__fish_seen_subcommand_from ${word}`)
  const without = below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.join(' ')}`]
  return quoted([...within, ...without].join('; and '))
}

function argumentLines(value: CompletableValue, condition: string): string[] {
  switch (value.kind) {
    case 'none':
    case 'text':
      return []
    case 'file':
      return [`complete -c weir -n ${condition} -F`]
    case 'directory':
      return [`complete -c weir -n ${condition} -a '(__fish_complete_directories)'`]
    case 'choices':
      return [`complete -c weir -n ${condition} -a ${quoted(value.choices.join(' '))}`]
  }
}

function optionLine({ names, description, value }: CompletableOption, condition: string): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  const takes = valueFlags(value)
  return ['complete -c weir', `-n ${condition}`, ...flags, ...takes, `-d ${quoted(description)}`].join(' ')
}

function valueFlags(value: CompletableValue): string[] {
  switch (value.kind) {
    case 'none':
      return []
    case 'text':
      return ['-x']
    case 'file':
      return ['-r', '-F']
    case 'directory':
      return ['-x', "-a '(__fish_complete_directories)'"]
    case 'choices':
      return ['-x', `-a ${quoted(value.choices.join(' '))}`]
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
}
