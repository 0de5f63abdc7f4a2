import type { Command } from 'commander'
import type { CommandContext } from '../commands/context.ts'
import { componentOption, examples, pairsOption, wholeNumber } from './option.ts'

export function addRun(program: Command, context: CommandContext, done: (exitCode: number) => void): void {
  const command = program
    .command('run')
    .description('run flows here, without a cluster: all triggers until Ctrl-C, or one of them once')
    .argument('<paths...>', 'files, directories (searched for YAML and JSON), or - for standard input')
    .addOption(componentOption())
    .addOption(
      pairsOption('--credential <NAME=@FILE>', 'fields of a credential, JSON or YAML, beside Secrets (repeatable)'),
    )
  addPlaces(command)
    .option(
      '-p, --port <number>',
      'where webhooks listen, on loopback; 0 takes a free one',
      wholeNumber(0, 65_535),
      8080,
    )
    .option(
      '--http-port <number>',
      'show /livez, /readyz and /metrics there, on loopback; 0 takes a free one',
      wholeNumber(0, 65_535),
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
    .addHelpText('after', help)
    .action(async (paths: string[], options) =>
      done(await (await import('../commands/run.ts')).runCommand(context, paths, options)),
    )
}

/** Where queues and state are. */
function addPlaces(command: Command): Command {
  return command
    .option(
      '--state <dir>',
      'keep queues, snapshots, dead letters and run records here: a later run goes on, even after kill -9',
    )
    .option('--broker <URL>', 'queues in RabbitMQ, as amqp://USER:PASSWORD@HOST/VHOST; by default WEIR_BROKER')
    .option('--store <URL>', 'with --broker: all else in MongoDB, as mongodb://HOST/DATABASE; by default WEIR_STORE')
    .option(
      '--broker-management <URL>',
      'make the vhost and its policies, as http://USER:PASSWORD@HOST:15672; by default RABBITMQ_MANAGEMENT_URL',
    )
}

const help = `${examples([
  'weir run flows/ --component shop=./shop --port 8081',
  `weir run flow.yaml --once --data '{"id": 7}' | jq .data`,
  'weir run flows/ --once --trigger contacts/nightly --state .weir',
  'weir run flows/ --watch --broker amqp://me:secret@rabbit/shop --store mongodb://mongo/shop',
])}
With --once each message that left a last step is a line on standard output:
  {"flow": …, "step": …, "run": …, "data": …, "metadata": …}
Logs, progress and dead letters are on standard error; WEIR_LOG_LEVEL=debug tells more.

With --broker and --store a run goes on where the last one stopped, wherever that was; several at once share the work.
RabbitMQ 3.10 or later: the user needs configure, write and read on everything in the vhost (rabbitmqctl set_permissions
-p VHOST USER '.*' '.*' '.*'). --broker-management makes the vhost (the URL's, else weir.default.local), this permission
and policies against those of others, as a user with the tag administrator.
MongoDB 6 or later, a replica set: the user needs readWrite on the database.
OTEL_EXPORTER_OTLP_ENDPOINT sends traces.

Exit code: 0; with --once 1 when something was dead-lettered; 2 when lint fails or nothing can be started; 130 when cut off.`
