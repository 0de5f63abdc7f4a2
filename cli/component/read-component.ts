import { basename, resolve } from 'node:path'
import type { ComponentContract } from '../../flow/component/component-contract.ts'
import { hasErrors } from '../../local/load-project.ts'
import { loadComponents } from '../../local/local-components.ts'
import { noManifests } from '../../local/no-manifests.ts'
import type { CommandContext } from '../commands/context.ts'
import { printFindings } from '../format-findings.ts'

/** What a component's directory says of it, with its findings on standard error; undefined when one of them is an error. */
export async function readComponent(
  { terminal, catalogue }: Pick<CommandContext, 'terminal' | 'catalogue'>,
  directory: string,
): Promise<ComponentContract | undefined> {
  const name = basename(resolve(directory))
  const directories = new Map([[name, directory]])
  const { contracts, findings } = await loadComponents(noManifests, { directories, catalogue })
  printFindings(terminal.err, findings)
  return hasErrors(findings) ? undefined : contracts.find({ kind: 'Component', name }, 'default')
}
