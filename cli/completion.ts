import type { Command } from 'commander'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

interface CommandWords {
  /** Words after `weir`, as `component call`. */
  readonly path: string
  readonly words: readonly string[]
}

/** A completion script made from the commands as they are, so that it cannot fall behind. */
export function completionScript(shell: Shell, program: Command): string {
  const commands = wordsOf(program, '')
  switch (shell) {
    case 'bash':
      return bashScript(commands)
    case 'zsh':
      return `#compdef weir\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`
    case 'fish':
      return fishScript(commands)
  }
}

function wordsOf(command: Command, path: string): CommandWords[] {
  const subcommands = command.commands.filter((one) => one.name() !== 'help')
  const names = subcommands.map((one) => one.name())
  const options = command.options.flatMap(({ long }) => long ?? [])
  const own = { path, words: [...names, ...options, '--help'] }
  return [own, ...subcommands.flatMap((one) => wordsOf(one, `${path} ${one.name()}`.trim()))]
}

function bashScript(commands: readonly CommandWords[]): string {
  const cases = commands
    .toSorted((a, b) => b.path.length - a.path.length)
    .map(({ path, words }) => `    "${path}"*) words="${words.join(' ')}" ;;`)
  return `_weir() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words line="\${COMP_WORDS[*]:1:COMP_CWORD-1}"
  case "$line" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}
complete -o filenames -F _weir weir
`
}

function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ path, words }) => {
    const condition = path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`
    return words.map((word) =>
      word.startsWith('--')
        ? `complete -c weir -n '${condition}' -l ${word.slice(2)}`
        : `complete -c weir -n '${condition}' -a ${word}`,
    )
  })
  return `${lines.join('\n')}\n`
}
