import type { Completable, CompletableOption, CompletableValue } from './completable.ts'

/** For `source <(weir completion bash)`; bash 3.2 and newer, and zsh by its bashcompinit. */
export function bashCompletion(commands: readonly Completable[]): string {
  return `# Completion of weir for bash.
_weir() {
  local IFS=$'\\n' current="\${COMP_WORDS[COMP_CWORD]}" path='' prefix='' words='' files='' index at option
  # Bash splits NAME=DIR and @FILE into words of their own, zsh does not.
  at=$COMP_CWORD
  case "$current" in
    '=' | '@') current='' ;;
    *[=@]*) prefix="\${current%"\${current##*[=@]}"}" current="\${current##*[=@]}" ;;
  esac
  [ "\${COMP_WORDS[at]}" = '=' ] && at=$((at - 1))
  [ "\${COMP_WORDS[at - 1]}" = '@' ] && at=$((at - 1))
  [ "\${COMP_WORDS[at - 1]}" = '=' ] && at=$((at - 2))
  option="\${COMP_WORDS[at - 1]}"
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$path \${COMP_WORDS[index]}" in
${commands.flatMap(pathCases).join('\n')}
    esac
  done
  case "$path $option" in
${commands.flatMap(optionCases).join('\n')}
    *)
      case "$path" in
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
  COMPREPLY=()
  [ -n "$words" ] && COMPREPLY+=($(compgen -P "$prefix" -W "$words" -- "$current"))
  [ -n "$files" ] && COMPREPLY+=($(compgen -P "$prefix" "$files" -- "$current"))
  return 0
}
complete -o filenames -F _weir weir
`
}

/** For \`source <(weir completion zsh)\`, or as a file \`_weir\` in \`$fpath\`. */
export function zshCompletion(commands: readonly Completable[]): string {
  return `#compdef weir
autoload -U +X compinit && (( \${+functions[compdef]} )) || compinit
autoload -U +X bashcompinit && bashcompinit
${bashCompletion(commands)}`
}

function pathCases({ path, subcommands }: Completable): string[] {
  return subcommands.map(({ name }) => `      '${path} ${name}') path='${`${path} ${name}`.trim()}' ;;`)
}

function optionCases({ path, options }: Completable): string[] {
  return options.flatMap((option) => {
    const action = actionOf(option.value)
    return action === undefined ? [] : [`    ${patterns(path, option)}) ${action} ;;`]
  })
}

function patterns(path: string, { names }: CompletableOption): string {
  return names.map((name) => `'${path} ${name}'`).join(' | ')
}

/** Undefined for an option without a value. */
function actionOf(value: CompletableValue): string | undefined {
  switch (value.kind) {
    case 'none':
      return undefined
    case 'text':
      return ':'
    case 'file':
      return "files='-f'"
    case 'directory':
      return "files='-d'"
    case 'choices':
      return `words=${wordList(value.choices)}`
  }
}

function commandCase({ path, subcommands, options, argument }: Completable): string {
  const choices = argument.kind === 'choices' ? argument.choices : []
  const words = [...subcommands.map(({ name }) => name), ...choices, ...options.flatMap(({ names }) => names[0] ?? [])]
  const files = argument.kind === 'file' || argument.kind === 'directory' ? ` ${actionOf(argument)}` : ''
  return `        '${path}') words=${wordList(words)}${files} ;;`
}

/** One a line: IFS is the line break. */
function wordList(words: readonly string[]): string {
  return `$'${words.join('\\n')}'`
}
