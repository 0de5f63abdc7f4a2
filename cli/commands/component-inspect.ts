import { basename, resolve } from 'node:path'
import type { ComponentContract } from '../../flow/component/component-contract.ts'
import { loadComponents } from '../../local/local-components.ts'
import { noManifests } from '../../local/no-manifests.ts'
import { printFindings } from '../format-findings.ts'
import { hasErrors } from '../../local/load-project.ts'
import type { CommandContext } from './context.ts'

/** Prints a component's functions, kinds and schemas; exit code 2 when the directory is no component. */
export async function componentInspectCommand(
  { terminal, catalogue }: CommandContext,
  directory: string,
  options: { readonly output: 'text' | 'json' },
): Promise<number> {
  const name = basename(resolve(directory))
  const components = await loadComponents(noManifests, { directories: new Map([[name, directory]]), catalogue })
  const contract = components.contracts.find({ kind: 'Component', name }, 'default')
  const { findings } = components
  printFindings({ ...terminal, out: terminal.err }, findings, 'text')
  if (contract === undefined) {
    if (!hasErrors(findings)) terminal.err(`${directory}: no component.json and no .js file: this is no component\n`)
    return 2
  }
  terminal.out(options.output === 'json' ? `${JSON.stringify(contract, undefined, 2)}\n` : describe(contract))
  return hasErrors(findings) ? 2 : 0
}

function describe(contract: ComponentContract): string {
  const head = `component ${contract.name}  dialect ${contract.dialect}  isolation ${contract.isolation}\n`
  const functions = Object.values(contract.functions).map((one) => {
    const traits = [one.emits === 'one' ? 'emits one' : '', one.snapshot ? 'keeps a snapshot' : ''].filter(
      (trait) => trait !== '',
    )
    const lines = [`${one.kind.padEnd(8)}${one.name}${one.title === undefined ? '' : `  "${one.title}"`}`]
    lines.push(`    main   ${one.main}${traits.length === 0 ? '' : `  (${traits.join(', ')})`}`)
    for (const schema of ['config', 'input', 'output'] as const) {
      if (one[schema] !== undefined) lines.push(`    ${schema.padEnd(6)} ${JSON.stringify(one[schema])}`)
    }
    return lines.join('\n')
  })
  return `${head}${functions.join('\n')}\n`
}
