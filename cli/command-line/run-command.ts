import type { Command } from 'commander'
import type { CommandContext } from '../commands/context.ts'
import { componentOption, examples, pairsOption, wholeNumber } from './option.ts'

export function addRun(program: Command, context: CommandContext, done: (exitCode: number) => void): void {
  program
    .command('run')
    .description('run flows here, without a cluster: all triggers until Ctrl-C, or one of them once')
    .argument('<paths...>', 'files, directories (searched for YAML and JSON), or - for standard input')
    .addOption(componentOption())
    .addOption(
      pairsOption('--credential <NAME=@FILE>', 'fields of a credential, JSON or YAML, beside Secrets (repeatable)'),
    )
    .option(
      '-p, --port <number>',
      'where webhooks listen, on loopback; 0 takes a free one',
      wholeNumber(0, 65_535),
      8080,
    )
    .option(
      '--state <dir>',
      'keep queues, snapshots, dead letters and run records here: a later run goes on, even after kill -9',
    )
    .option(
      '-w, --watch',
      'follow edits of the files: each is a new revision, and what has started goes on as it began',
      false,
    )
    .option('--once', 'fire one trigger, wait until all is done, print what left the last steps', false)
    .option('-t, --trigger <FLOW[/TRIGGER]>', 'with --once: which; by default the only one, or the only manual one')
    .option('-d, --data <json>', 'with --once: data of the first message, as JSON or @FILE (@- is standard input)')
    .addOption(pairsOption('-H, --header <K=V>', 'with --once: a header of the first message (repeatable)'))
    .option('--max-processes <number>', 'component processes at a time', wholeNumber(1, 1000))
    .option('--idle-seconds <number>', 'end a component process that was idle for so long', wholeNumber(1, 86_400))
    .addHelpText(
      'after',
      examples([
        'weir run flows/ --component shop=./shop --port 8081',
        `weir run flow.yaml --once --data '{"id": 7}' | jq .data`,
        'weir run flows/ --once --trigger contacts/nightly --state .weir',
      ]),
    )
    .addHelpText(
      'after',
      `With --once each message that left a last step is a line on standard output:
  {"flow": …, "step": …, "run": …, "data": …, "metadata": …}
Logs, progress and dead letters are on standard error; WEIR_LOG_LEVEL=debug tells more.
Exit code: 0; with --once 1 when something was dead-lettered; 2 when lint fails or nothing can be started; 130 when cut off.`,
    )
    .action(async (paths: string[], options) =>
      done(await (await import('../commands/run.ts')).runCommand(context, paths, options)),
    )
}
