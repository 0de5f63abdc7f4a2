import type { Command } from 'commander'
import { Option } from 'commander'
import type { CommandContext } from '../commands/context.ts'
import { withStore } from './connect-options.ts'
import { examples, wholeNumber } from './option.ts'

export function addRuns(program: Command, context: CommandContext, done: (exitCode: number) => void): void {
  const runs = program
    .command('runs')
    .description('what flows have done: list runs, or show one')
    .addHelpText('after', examples(['weir runs list --flow contacts', 'weir runs show 0f3a91']))
    .addHelpText('after', 'Runs are observations: when too many come some are left out, and how many is said.')
  withStore(runs.command('list', { isDefault: true }).description('list runs, newest first'))
    .option('--flow <name>', 'of this flow: [namespace/]name, or its uid')
    .option('--since <time>', 'that started since then: 2h ago, or 2026-01-31T03:00:00Z')
    .option('--failed', 'with dead letters that nobody has replayed')
    .option('--limit <number>', 'at most so many', wholeNumber(1, 100_000), 50)
    .addOption(outputs(['table', 'json', 'yaml', 'name']))
    .addHelpText('after', examples(['weir runs', 'weir runs list --flow contacts --since 2h --failed']))
    .action(async (options) => done(await (await import('../commands/runs-list.ts')).runsListCommand(context, options)))
  withStore(runs.command('show').description('show a run: the tree of its messages, with times, attempts and errors'))
    .argument('<id>', 'its id, or the beginning of it')
    .addOption(outputs(['text', 'json', 'yaml']))
    .addHelpText('after', examples(['weir runs show 0f3a91', 'weir runs show 0f3a91 --output json']))
    .action(async (id: string, options) =>
      done(await (await import('../commands/runs-show.ts')).runsShowCommand(context, id, options)),
    )
}

export function addSnapshot(program: Command, context: CommandContext, done: (exitCode: number) => void): void {
  const snapshot = program
    .command('snapshot')
    .description('the cursor that a step keeps: look at it, or set it back')
    .addHelpText(
      'after',
      examples(['weir snapshot get contacts fetch', `weir snapshot set contacts fetch '{"since": "2026-01-01"}'`]),
    )
    .addHelpText(
      'after',
      'After set and reset, whoever is working with the old snapshot drops its work and begins again with the new one.',
    )
  const flow = '[namespace/]name of the flow, or its uid'
  withStore(snapshot.command('get').description('print a snapshot, as JSON'))
    .argument('<flow>', flow)
    .argument('<step>', 'its step')
    .addOption(outputs(['json', 'yaml']))
    .action(async (flow: string, step: string, options) =>
      done(await (await import('../commands/snapshot.ts')).snapshotGetCommand(context, { flow, step }, options)),
    )
  withStore(snapshot.command('set').description('put another in place of a snapshot'))
    .argument('<flow>', flow)
    .argument('<step>', 'its step')
    .argument('<json>', 'the snapshot, as JSON or @FILE')
    .action(async (flow: string, step: string, value: string, options) =>
      done(await (await import('../commands/snapshot.ts')).snapshotSetCommand(context, { flow, step, value }, options)),
    )
  withStore(snapshot.command('reset').description('take a snapshot away: the step begins as if for the first time'))
    .argument('<flow>', flow)
    .argument('<step>', 'its step')
    .action(async (flow: string, step: string, options) =>
      done(await (await import('../commands/snapshot.ts')).snapshotSetCommand(context, { flow, step }, options)),
    )
}

function outputs(forms: readonly string[]): Option {
  return new Option('-o, --output <form>', 'form of what is printed').choices([...forms]).default(forms[0])
}
