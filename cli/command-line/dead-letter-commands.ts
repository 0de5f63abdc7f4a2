import type { Command } from 'commander'
import { Option } from 'commander'
import type { CommandContext } from '../commands/context.ts'
import { withServers, withStore } from './connect-options.ts'
import { examples, wholeNumber } from './option.ts'

type Done = (exitCode: number) => void

const nameMeaning = 'ID/STEP as list shows it, or the beginning of an id'

export function addDeadLetters(program: Command, context: CommandContext, done: Done): void {
  const letters = program
    .command('dead-letters')
    .description('messages that have used up their attempts: look at them, replay them, drop them')
    .addHelpText(
      'after',
      examples([
        'weir dead-letters list --flow contacts --since 2h',
        'weir dead-letters show 5f0c1e --output yaml',
        'weir dead-letters replay --flow contacts --code StepTimedOut',
      ]),
    )
  addList(letters, context, done)
  addShow(letters, context, done)
  addReplay(letters, context, done)
  addDrop(letters, context, done)
}

function addList(letters: Command, context: CommandContext, done: Done): void {
  withStore(withFilters(letters.command('list').description('list dead letters, newest first, without their messages')))
    .option('--settled', 'also those that were replayed or dropped', false)
    .option('--limit <number>', 'at most so many', wholeNumber(1, 1_000_000), 100)
    .addOption(outputs(['table', 'json', 'yaml', 'name']))
    .addHelpText('after', examples([`weir dead-letters list --where "data.amount > 100 and letter.attempts > 3"`]))
    .addHelpText('after', whereHelp)
    .action(async (options) =>
      done(await (await import('../commands/dead-letters-list.ts')).deadLettersListCommand(context, options)),
    )
}

function addShow(letters: Command, context: CommandContext, done: Done): void {
  withStore(letters.command('show').description('show dead letters whole: attempts, errors, message, what it carries'))
    .argument('<names...>', nameMeaning)
    .addOption(outputs(['text', 'json', 'yaml']))
    .addHelpText(
      'after',
      examples(['weir dead-letters show 5f0c1e', 'weir dead-letters show 5f0c1e -o json | jq .message']),
    )
    .action(async (names: string[], options) =>
      done(await (await import('../commands/dead-letters-show.ts')).deadLettersShowCommand(context, names, options)),
    )
}

function addReplay(letters: Command, context: CommandContext, done: Done): void {
  withServers(
    withFilters(
      letters.command('replay').description('send dead letters on their way again, under the active revision'),
    ),
  )
    .argument('[names...]', nameMeaning)
    .option('--all', 'all that wait, in place of filters', false)
    .option('--to <step>', 'failed-step, entry (where its trigger goes), or a step by its name', 'failed-step')
    .option('--edit', 'change the message of one in an editor (VISUAL, EDITOR) first', false)
    .option('--edit-with <expression>', 'the new data, or a whole {data, metadata, …}, in JSONata over the message')
    .option('--data <json>', 'the new data, or a whole {data, metadata, …}, as JSON or @FILE')
    .option('--dry-run', 'say what would be done, and do nothing', false)
    .addOption(outputs(['text', 'json', 'yaml', 'name']))
    .addHelpText(
      'after',
      examples([
        'weir dead-letters replay 5f0c1e --edit',
        'weir dead-letters replay --flow contacts --since 1h --dry-run',
        `weir dead-letters replay --code SchemaMismatch --edit-with '$merge([data, {"country": "DE"}])'`,
      ]),
    )
    .addHelpText(
      'after',
      `A replay is a new copy of the message, at its first attempt. It is published, and marked as replayed when that is
confirmed: cut off in between, it waits to be replayed again, and may then arrive twice under the same id.
${whereHelp}
Exit code: 1 when some could not be replayed; they are as they were.`,
    )
    .action(async (names: string[], options) =>
      done(
        await (await import('../commands/dead-letters-replay.ts')).deadLettersReplayCommand(context, names, options),
      ),
    )
}

function addDrop(letters: Command, context: CommandContext, done: Done): void {
  withStore(withFilters(letters.command('drop').description('give dead letters up')))
    .argument('[names...]', nameMeaning)
    .option('--all', 'all that wait, in place of filters', false)
    .option('-y, --yes', 'drop what the filters choose, without asking', false)
    .option('--dry-run', 'say what would be dropped, and drop nothing', false)
    .addOption(outputs(['text', 'name']))
    .addHelpText(
      'after',
      examples(['weir dead-letters drop 5f0c1e', 'weir dead-letters drop --flow contacts --until 30d --yes']),
    )
    .addHelpText('after', whereHelp)
    .action(async (names: string[], options) =>
      done(await (await import('../commands/dead-letters-drop.ts')).deadLettersDropCommand(context, names, options)),
    )
}

function withFilters(command: Command): Command {
  return command
    .option('--flow <name>', 'of this flow: [namespace/]name, or its uid')
    .option('--step <name>', 'that died at this step')
    .option('--code <code>', 'that died of this')
    .option('--run <id>', 'of this run')
    .option('--since <time>', 'that died since then: 2h ago, or 2026-01-31T03:00:00Z')
    .option('--until <time>', 'that died before then, likewise')
    .option('--where <expression>', 'for which this holds, in JSONata')
}

const whereHelp = `--where sees the message (data, metadata), $steps, $trigger, $run, $flow and $step as expressions of the flow do, and
letter {id, flow, step, code, message, attempts, replay, run, revision, diedAt}.`

function outputs(forms: readonly string[]): Option {
  return new Option('-o, --output <form>', 'form of what is printed').choices([...forms]).default(forms[0])
}
