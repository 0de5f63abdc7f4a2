import type { Command } from 'commander'
import { Option } from 'commander'
import type { CommandContext } from '../commands/context.ts'
import { dryRunOption, withClusterOptions, withListOptions } from './cluster-options.ts'
import { examples, pairsOption, wholeNumber } from './option.ts'

type Done = (exitCode: number) => void

const kindMeaning =
  'KIND [NAME…] or KIND/NAME…; kinds are flows, components, clustercomponents, credentials, apps, revisions'

/** Commands that look at a cluster. */
export function addClusterViews(program: Command, context: CommandContext, done: Done): void {
  addGet(program, context, done)
  addDescribe(program, context, done)
  addLogs(program, context, done)
  addWait(program, context, done)
}

/** Commands that change something there. */
export function addClusterChanges(program: Command, context: CommandContext, done: Done): void {
  addTrigger(program, context, done)
  addSuspend(program, context, done)
  addResume(program, context, done)
  addRollback(program, context, done)
}

function addGet(program: Command, context: CommandContext, done: Done): void {
  const forms = new Option('-o, --output <form>', 'form of what is printed')
  withListOptions(program.command('get').description('in a cluster: list objects, or print them'))
    .argument('<kind...>', kindMeaning)
    .addOption(forms.choices(['table', 'wide', 'yaml', 'json', 'name']).default('table'))
    .addHelpText('after', examples(['weir get flows -A', 'weir get flow orders -o yaml', 'weir get revisions -n shop']))
    .action(async (words: string[], options) =>
      done(await (await import('../commands/cluster-get.ts')).clusterGetCommand(context, words, options)),
    )
}

function addDescribe(program: Command, context: CommandContext, done: Done): void {
  withClusterOptions(
    program
      .command('describe')
      .description('in a cluster: conditions, steps with backlog and rates, revisions and Events of objects'),
  )
    .argument('<kind...>', kindMeaning)
    .addHelpText('after', examples(['weir describe flow orders', 'weir describe credential/crm -n shop']))
    .addHelpText(
      'after',
      'Backlog and rates are read from the pods through the API server: that takes the right to get pods/proxy.',
    )
    .action(async (words: string[], options) =>
      done(await (await import('../commands/cluster-describe.ts')).clusterDescribeCommand(context, words, options)),
    )
}

function addLogs(program: Command, context: CommandContext, done: Done): void {
  withClusterOptions(program.command('logs').description('in a cluster: what the pods of a flow have logged, by time'))
    .argument('[flow]', 'its name; without one the pods of all flows of the namespace')
    .option('--step <name>', 'lines of this step')
    .option('--run <id>', 'lines of this run')
    .option('--since <time>', 'since then: 2h ago, or 2026-01-31T03:00:00Z')
    .option('--tail <number>', 'of each container at most so many lines, from the end', wholeNumber(0, 1_000_000), 1000)
    .option('-f, --follow', 'go on until Ctrl-C', false)
    .option('-c, --container <name>', 'of this container: component, or weir-runner')
    .addOption(new Option('-o, --output <form>', 'form of the lines').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      examples(['weir logs orders --since 10m', 'weir logs orders --step fetch -f', 'weir logs orders --run 0f3a91']),
    )
    .action(async (word: string | undefined, options) =>
      done(await (await import('../commands/cluster-logs.ts')).clusterLogsCommand(context, word, options)),
    )
}

function addWait(program: Command, context: CommandContext, done: Done): void {
  withClusterOptions(program.command('wait').description('in a cluster: wait until objects are as they should be'))
    .argument('<kind...>', kindMeaning)
    .option('--for <condition>', 'ready, condition=TYPE[=STATUS], or delete', 'ready')
    .option('-l, --selector <labels>', 'those with these labels, as app=shop')
    .option('--timeout <seconds>', 'at most so long', wholeNumber(0, 86_400), 30)
    .addHelpText(
      'after',
      examples([
        'weir wait flow orders --for=ready --timeout 60',
        'weir wait flows',
        'weir wait flow/orders --for=delete',
      ]),
    )
    .addHelpText(
      'after',
      'What was judged of an earlier edit does not count. Exit code: 1 when it is not so in time, or never will be.',
    )
    .action(async (words: string[], options) =>
      done(await (await import('../commands/wait.ts')).waitCommand(context, words, options)),
    )
}

function addTrigger(program: Command, context: CommandContext, done: Done): void {
  withClusterOptions(program.command('trigger').description('in a cluster: start a run by hand'))
    .argument('<flow>', 'its name')
    .option('-t, --trigger <name>', 'which; by default the only one, or the only manual one')
    .option('-d, --data <json>', 'data of the first message, as JSON or @FILE (@- is standard input)')
    .addOption(pairsOption('-H, --header <K=V>', 'a header of the first message (repeatable)'))
    .option('--broker <URL>', 'the broker, as amqp://HOST/VHOST; by default WEIR_BROKER, else that of the namespace')
    .addOption(new Option('-o, --output <form>', 'form of what is printed').choices(['text', 'name']).default('text'))
    .addHelpText(
      'after',
      examples([`weir trigger orders --data '{"id": 7}'`, 'weir trigger orders --trigger by-hand -n shop']),
    )
    .addHelpText(
      'after',
      `The message is published to the broker itself. Its address is read from the Secret weir-runner of the namespace, and
is the one that pods use; from outside: kubectl port-forward, and --broker with user, password and vhost.`,
    )
    .action(async (word: string, options) =>
      done(await (await import('../commands/cluster-trigger.ts')).clusterTriggerCommand(context, word, options)),
    )
}

function addSuspend(program: Command, context: CommandContext, done: Done): void {
  withClusterOptions(
    program.command('suspend').description('in a cluster: no new runs of a flow; those that have started finish'),
  )
    .argument('<flows...>', 'their names')
    .option('--freeze', 'no message moves, either', false)
    .addOption(dryRunOption())
    .addHelpText('after', examples(['weir suspend orders', 'weir suspend orders invoices --dry-run=server']))
    .addHelpText('after', gitOpsHelp)
    .action(async (words: string[], options) =>
      done(await (await import('../commands/suspend.ts')).suspendCommand(context, 'suspended', words, options)),
    )
}

function addResume(program: Command, context: CommandContext, done: Done): void {
  withClusterOptions(program.command('resume').description('in a cluster: the other way round'))
    .argument('<flows...>', 'their names')
    .addOption(dryRunOption())
    .addHelpText('after', examples(['weir resume orders']))
    .addHelpText('after', gitOpsHelp)
    .action(async (words: string[], options) =>
      done(await (await import('../commands/suspend.ts')).suspendCommand(context, 'resumed', words, options)),
    )
}

function addRollback(program: Command, context: CommandContext, done: Done): void {
  withClusterOptions(program.command('rollback').description('in a cluster: run a flow as an earlier revision was'))
    .argument('<flow>', 'its name')
    .option('--to-revision <number>', 'which; by default the one before', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--unpin', 'let go of it: the flow runs as its spec says')
    .addOption(dryRunOption())
    .addHelpText(
      'after',
      examples(['weir rollback orders', 'weir rollback orders --to-revision 3', 'weir rollback orders --unpin']),
    )
    .addHelpText(
      'after',
      `It sets spec.revision; the operator activates a copy of that plan under the next number.\n${gitOpsHelp}`,
    )
    .action(async (word: string, options) =>
      done(await (await import('../commands/rollback.ts')).rollbackCommand(context, word, options)),
    )
}

const gitOpsHelp =
  'It is written as you, under the field manager kubectl-weir; when a GitOps tool has the field, it is said.'
