import { Command, CommanderError } from 'commander'
import { addClusterChanges, addClusterViews } from './command-line/cluster-commands.ts'
import { addComponent } from './command-line/component-commands.ts'
import { addEval, addInit, addLint, addPlan } from './command-line/manifest-commands.ts'
import { examples } from './command-line/option.ts'
import { addDeadLetters } from './command-line/dead-letter-commands.ts'
import { addRun } from './command-line/run-command.ts'
import { addRuns, addSnapshot } from './command-line/run-record-commands.ts'
import type { CommandContext } from './commands/context.ts'
import type { Shell } from './completion/completion-script.ts'
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
    return error instanceof CommanderError ? commanderExitCode(error) : tell(error, context)
  }
}

/** Help that was asked for is no mistake; help because something is missing is one. */
function commanderExitCode({ exitCode }: CommanderError): number {
  return exitCode === 0 ? 0 : 2
}

function tell(error: unknown, { terminal, logLevel }: CommandContext): number {
  const { err } = terminal
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
  err.write(`${err.style('red', 'error:')} ${message}\n`)
  if (!isExpected(error)) {
    err.write(`${logLevel === 'debug' ? stack : 'this is a fault of weir; WEIR_LOG_LEVEL=debug shows where'}\n`)
  }
  return 2
}

/** The user's mistake, or the world's: it carries a code or is a UsageError. */
function isExpected(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof Error && 'code' in error)
}

/** All commands; one that is carried out tells its exit code. */
export function buildProgram(context: CommandContext, done: (exitCode: number) => void): Command {
  const { out, err } = context.terminal
  const program = new Command(context.isPlugin === true ? 'kubectl weir' : 'weir')
    .description('Integration flows: lint, plan and run them, here or in a cluster')
    .version(version, '-V, --version')
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: out.write,
      writeErr: err.write,
      outputError: (text, write) => write(text.replace(/^error:/, err.style('red', 'error:'))),
    })
    .addHelpText('after', examples(['weir init my-flow', 'weir lint my-flow', 'weir run my-flow --once']))
  addLint(program, context, done)
  addPlan(program, context, done)
  addEval(program, context, done)
  addInit(program, context, done)
  addRun(program, context, done)
  addComponent(program, context, done)
  addDeadLetters(program, context, done)
  addRuns(program, context, done)
  addSnapshot(program, context, done)
  addClusterViews(program, context, done)
  addClusterChanges(program, context, done)
  addCompletion(program, context)
  return program
}

function addCompletion(program: Command, { terminal }: CommandContext): void {
  program
    .command('completion')
    .description('print a script that completes command lines')
    .addArgument(program.createArgument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      examples(['source <(weir completion bash)', 'source <(weir completion zsh)', 'weir completion fish | source']),
    )
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion/completion-script.ts')
      terminal.out.write(completionScript(shell, program))
    })
}
