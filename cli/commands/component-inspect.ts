import { describeContract } from '../component/describe-contract.ts'
import { readComponent } from '../component/read-component.ts'
import type { CommandContext } from './context.ts'

/** Prints a component's functions, kinds and schemas; exit code 2 when the directory is no component. */
export async function componentInspectCommand(
  context: CommandContext,
  directory: string,
  options: { readonly output: 'text' | 'json' },
): Promise<number> {
  const contract = await readComponent(context, directory)
  if (contract === undefined) return 2
  const { out } = context.terminal
  out.write(options.output === 'json' ? `${JSON.stringify(contract, undefined, 2)}\n` : describeContract(contract))
  return 0
}
