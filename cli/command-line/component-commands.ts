import type { Command } from 'commander'
import { Option } from 'commander'
import type { CommandContext } from '../commands/context.ts'
import { callSeconds, examples, listOption, pairsOption } from './option.ts'

export function addComponent(program: Command, context: CommandContext, done: (exitCode: number) => void): void {
  const component = program
    .command('component')
    .description('look at a component, or call it')
    .addHelpText(
      'after',
      examples(['weir component inspect ./shop', `weir component call ./shop upsertContact --message '{"id": 7}'`]),
    )
  addInspect(component, context, done)
  addCall(component, context, done)
}

function addInspect(component: Command, context: CommandContext, done: (exitCode: number) => void): void {
  component
    .command('inspect')
    .description("show a component's functions, their kinds and schemas")
    .argument('<directory>', 'the directory that holds component.json')
    .addOption(new Option('-o, --output <form>', 'form').choices(['text', 'json']).default('text'))
    .addHelpText('after', examples(['weir component inspect ./shop', 'weir component inspect ./shop --output json']))
    .action(async (directory: string, options) =>
      done(
        await (await import('../commands/component-inspect.ts')).componentInspectCommand(context, directory, options),
      ),
    )
}

function addCall(component: Command, context: CommandContext, done: (exitCode: number) => void): void {
  const dialects = new Option('--dialect <dialect>', 'the form of messages it was written for')
  component
    .command('call')
    .description('call a function as a flow would, in a process of its own, and print all that it emits')
    .argument('<directory>', 'the directory that holds component.json')
    .argument('<function>', 'its name')
    .addOption(
      listOption(
        '-m, --message <json>',
        'a message, as JSON or @FILE (repeatable: same process, in order)',
        'one empty message',
      ),
    )
    .option('--config <json>', "the step's config, as JSON or @FILE")
    .option('--credential <json>', 'fields of a credential, as JSON or @FILE; they are laid over the config')
    .option('--snapshot <json>', 'the snapshot, as JSON or @FILE')
    .addOption(pairsOption('--env <K=V>', 'an environment variable of the component (repeatable)'))
    .addOption(dialects.choices(['auto', 'oih', 'elasticio']).default('auto'))
    .option('--timeout <seconds>', 'for each message', callSeconds, 60)
    .addHelpText(
      'after',
      examples([
        `weir component call ./shop upsertContact --message '{"name": "Ada"}' --config '{"list": "vips"}'`,
        'weir component call ./crm getContacts --snapshot @snapshot.json --credential @login.yaml',
      ]),
    )
    .addHelpText(
      'after',
      `Prints a line for each emit, {"event": "data", "value": …}, and last for each message
  {"event": "settled", "as": "ack|retry|deadLetter", "error": …}
Exit code: 1 when a message was not acknowledged, 2 when nothing could be called.`,
    )
    .action(async (directory: string, name: string, options) =>
      done(
        await (await import('../commands/component-call.ts')).componentCallCommand(context, directory, name, options),
      ),
    )
}
