import type { Command } from 'commander'
import { Option } from 'commander'
import type { CommandContext } from '../commands/context.ts'
import { withClusterOptions } from './cluster-options.ts'
import { componentOption, examples } from './option.ts'

const pathsMeaning = 'files, directories (searched for YAML and JSON), or - for standard input'

const clusterHelp = `With --cluster, or any of -n, --context and --kubeconfig, what the cluster has is known, and what neither it nor the files
have is an error. Nothing is applied. Without files the flows of the namespace are looked at as they are.`

/** Of a command about files that can look at a cluster, too. */
function withClusterChoice(command: Command): Command {
  return withClusterOptions(command)
    .option('--cluster', 'among what the cluster has')
    .option('--flow <name>', 'a flow of the cluster, in place of files')
}

// Each command is loaded when it is asked for: help and completion need none of them.

export function addLint(program: Command, context: CommandContext, done: (exitCode: number) => void): void {
  withClusterChoice(program.command('lint').description('check manifests: file:line:column: severity Code message'))
    .argument('[paths...]', pathsMeaning)
    .addOption(new Option('-o, --output <form>', 'form of the findings').choices(['text', 'json']).default('text'))
    .option('--strict', 'what is in none of the given files is an error, not a warning', false)
    .addOption(componentOption())
    .addHelpText(
      'after',
      examples([
        'weir lint flows/',
        'weir lint --strict --output json flow.yaml credentials.yaml',
        'kubectl get flows -o yaml | weir lint -',
        'weir lint flow.yaml -n shop',
      ]),
    )
    .addHelpText('after', `${clusterHelp}\nExit code: 1 when there is an error, else 0.`)
    .action(async (paths: string[], options) =>
      done(await (await import('../commands/lint.ts')).lintCommand(context, paths, options)),
    )
}

export function addPlan(program: Command, context: CommandContext, done: (exitCode: number) => void): void {
  const forms = new Option('-o, --output <form>', 'form of the plan').choices(['text', 'json', 'mermaid'])
  withClusterChoice(
    program
      .command('plan')
      .description(
        'show what flows compile to: stages, queues, retries, all defaults; or what that changes in a cluster',
      ),
  )
    .argument('[paths...]', pathsMeaning)
    .addOption(forms.default('text'))
    .addOption(componentOption())
    .addHelpText(
      'after',
      examples([
        'weir plan flow.yaml',
        'weir plan --output mermaid flow.yaml > flow.mmd',
        'weir plan -o json flows/',
        'weir plan flow.yaml -n shop',
      ]),
    )
    .addHelpText(
      'after',
      `${clusterHelp} The difference to the plan that runs is shown.
Exit code: for a cluster 1 when something changes; 2 when lint finds an error.`,
    )
    .action(async (paths: string[], options) =>
      done(await (await import('../commands/plan.ts')).planCommand(context, paths, options)),
    )
}

export function addEval(program: Command, context: CommandContext, done: (exitCode: number) => void): void {
  program
    .command('eval')
    .description('show what an expression gives, as JSON')
    .argument('<expression>', 'in JSONata, as \'data.first & " " & data.last\'')
    .option(
      '-m, --message <json>',
      'the message, as JSON or @FILE; what is no {data, metadata, …} is taken for its data',
    )
    .option('--steps <json>', '$steps, as {"fetch": {"data": {"id": 1}}}')
    .option('--trigger <json>', '$trigger, as {"name": "changed", "request": {"query": {}}}')
    .option(
      '--run <json>',
      '$run, as {"id": "r1", "startedAt": "2026-01-31T03:00:00Z"}; its start is what $now() gives, and in $run.startedAt it is milliseconds since 1970',
    )
    .option('--flow <json>', '$flow, as {"name": "contacts", "labels": {}}')
    .option('--step <name>', '$step.name')
    .addHelpText(
      'after',
      examples([
        `weir eval 'data.first & " " & data.last' --message '{"first": "Ada", "last": "Lovelace"}'`,
        `weir eval '$sum(data.lines.(price * count))' --message @order.json`,
        `weir eval '$steps.fetch.data.id' --steps '{"fetch": {"data": {"id": 7}}}'`,
      ]),
    )
    .addHelpText('after', 'Exit code: 1 when it fails, 2 when it cannot be read.')
    .action(async (expression: string, options) =>
      done(await (await import('../commands/eval.ts')).evalCommand(context, expression, options)),
    )
}

export function addInit(program: Command, context: CommandContext, done: (exitCode: number) => void): void {
  program
    .command('init')
    .description('write a first flow, component and README to start from')
    .argument('[directory]', 'a new or empty directory', '.')
    .addHelpText('after', examples(['weir init my-flow']))
    .action(async (directory: string) =>
      done(await (await import('../commands/init.ts')).initCommand(context, directory)),
    )
}
