import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { CommandContext } from './commands/context.ts'
import { completionScript, shells } from './completion.ts'
import type { Shell } from './completion.ts'
import { splitPair } from './read-value.ts'
import { UsageError } from './usage-error.ts'
import { version } from './version.ts'

/** Runs one command line and gives its exit code; never throws, never exits. */
export async function runCli(words: readonly string[], context: CommandContext): Promise<number> {
  let exitCode = 0
  const program = buildProgram(context, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync([...words], { from: 'user' })
    return exitCode
  } catch (error) {
    return exitCodeOf(error, context)
  }
}

function exitCodeOf(error: unknown, context: CommandContext): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const { terminal } = context
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
  terminal.err(`${terminal.style('red', 'error')} ${message}\n`)
  if (!isExpected(error)) {
    const where = context.logLevel === 'debug' ? stack : 'this is a fault of weir; WEIR_LOG_LEVEL=debug shows where'
    terminal.err(`${where}\n`)
  }
  return 2
}

/** The user's mistake, or the world's: it carries a code or is a UsageError. */
function isExpected(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof Error && 'code' in error)
}

type Done = (exitCode: number) => void

function buildProgram(context: CommandContext, done: Done): Command {
  const { terminal } = context
  const program = new Command('weir')
    .description('Integration flows: lint, plan and run them')
    .version(version, '-V, --version')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
  addManifestCommands(program, context, done)
  addRun(program, context, done)
  addComponent(program, context, done)
  program
    .command('completion')
    .description('print a completion script: source <(weir completion bash)')
    .addArgument(program.createArgument('<shell>', 'the shell').choices(shells))
    .action((shell: Shell) => terminal.out(completionScript(shell, program)))
  return program
}

// Each command is loaded when it is asked for: help and completion need none of them.
function addManifestCommands(program: Command, context: CommandContext, done: Done): void {
  program
    .command('lint')
    .description('check manifests; exit code 1 when there is an error')
    .argument('<paths...>', 'files, directories, or - for standard input')
    .addOption(new Option('-o, --output <form>', 'form of the findings').choices(['text', 'json']).default('text'))
    .option('--strict', 'a reference to what is in none of the files is an error', false)
    .addOption(componentOption())
    .action(async (paths: string[], options) =>
      done(await (await import('./commands/lint.ts')).lintCommand(context, paths, options)),
    )
  program
    .command('plan')
    .description('show what flows compile to: stages, queues, retries, all defaults')
    .argument('<paths...>', 'files, directories, or - for standard input')
    .addOption(
      new Option('-o, --output <form>', 'form of the plan').choices(['text', 'json', 'mermaid']).default('text'),
    )
    .addOption(componentOption())
    .action(async (paths: string[], options) =>
      done(await (await import('./commands/plan.ts')).planCommand(context, paths, options)),
    )
  program
    .command('eval')
    .description('show what an expression gives')
    .argument('<expression>', 'a JSONata expression, as \'data.first & " " & data.last\'')
    .option(
      '-m, --message <json>',
      'the message {data, metadata, attachments} as JSON or @FILE; anything else is taken for its data',
    )
    .option('--steps <json>', '$steps: {"NAME": {"data": …}}')
    .option('--trigger <json>', '$trigger: {"name": …, "request": …}')
    .option('--run <json>', '$run: {"id": …, "startedAt": …}; $now() is its start')
    .option('--flow <json>', '$flow: {"name": …, "labels": …}')
    .option('--step <name>', '$step.name')
    .action(async (expression: string, options) =>
      done(await (await import('./commands/eval.ts')).evalCommand(context, expression, options)),
    )
  program
    .command('init')
    .description('write a first flow, component and README to start from')
    .argument('[directory]', 'a new or empty directory', '.')
    .action(async (directory: string) =>
      done(await (await import('./commands/init.ts')).initCommand(context, directory)),
    )
}

function addRun(program: Command, context: CommandContext, done: Done): void {
  program
    .command('run')
    .description('run flows here, without a cluster, until Ctrl-C')
    .argument('<paths...>', 'files, directories, or - for standard input')
    .addOption(componentOption())
    .addOption(
      pairs(
        '--credential <NAME=@FILE>',
        'fields of a credential as JSON or YAML, beside Secret manifests (repeatable)',
      ),
    )
    .option('-p, --port <number>', 'where webhooks listen, on loopback', wholeNumber, 8080)
    .option('--state <dir>', 'keep snapshots, dead letters and run records here, so that a later run goes on')
    .option('--once', 'fire one trigger, wait until everything is done, print what left the last steps', false)
    .option('-t, --trigger <FLOW[/TRIGGER]>', 'with --once: which trigger')
    .option('-d, --data <json>', 'with --once: the data of the first message, as JSON or @FILE')
    .addOption(pairs('-H, --header <K=V>', 'with --once: a header of the first message (repeatable)'))
    .option('--max-processes <number>', 'component processes at a time', wholeNumber)
    .option('--idle-seconds <number>', 'end a component process that was idle for so long', wholeNumber)
    .action(async (paths: string[], options) =>
      done(await (await import('./commands/run.ts')).runCommand(context, paths, options)),
    )
}

function addComponent(program: Command, context: CommandContext, done: Done): void {
  const component = program.command('component').description('look at a component, or call it')
  component
    .command('inspect')
    .description('show functions, kinds and schemas')
    .argument('<directory>', 'the directory that holds component.json')
    .addOption(new Option('-o, --output <form>', 'form').choices(['text', 'json']).default('text'))
    .action(async (directory: string, options) =>
      done(
        await (await import('./commands/component-inspect.ts')).componentInspectCommand(context, directory, options),
      ),
    )
  component
    .command('call')
    .description('call one function through the same runner and shim; prints every emit')
    .argument('<directory>', 'the directory that holds component.json')
    .argument('<function>', 'its name')
    .addOption(
      new Option('-m, --message <json>', 'a message as JSON or @FILE (repeatable: same process, in order)')
        .argParser(collected)
        .default([], 'one empty message'),
    )
    .option('--config <json>', "the step's config, as JSON or @FILE")
    .option('--credential <json>', 'fields of a credential, as JSON or @FILE')
    .option('--snapshot <json>', 'the snapshot, as JSON or @FILE')
    .addOption(pairs('--env <K=V>', 'an environment variable of the component (repeatable)'))
    .addOption(new Option('--dialect <dialect>', 'how it speaks; by default found out').choices(['oih', 'elasticio']))
    .option('--timeout <seconds>', 'for each call', seconds, 60)
    .action(async (directory: string, name: string, options) =>
      done(
        await (await import('./commands/component-call.ts')).componentCallCommand(context, directory, name, options),
      ),
    )
}

function componentOption(): Option {
  return pairs('-c, --component <NAME=DIR>', 'the code of a component (repeatable)')
}

function pairs(flags: string, description: string): Option {
  const flag = flags.split(/[ ,]+/).find((word) => word.startsWith('--')) ?? flags
  return new Option(flags, description)
    .default(new Map<string, string>(), 'none')
    .argParser((text: string, before: ReadonlyMap<string, string>) => new Map([...before, splitPair(flag, text)]))
}

function collected(text: string, before: readonly string[]): string[] {
  return [...before, text]
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
}

function seconds(text: string): number {
  const value = Number(text)
  if (value >= 0.1 && value <= 1200) return value
  throw new InvalidArgumentError('It must be a number of seconds from 0.1 to 1200.')
}
