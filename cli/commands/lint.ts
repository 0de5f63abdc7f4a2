import type { CommandContext } from './context.ts'
import { printFindings, summaryOf, count } from '../format-findings.ts'
import { hasErrors, loadProject } from '../../local/load-project.ts'

export interface LintOptions {
  readonly output: 'text' | 'json'
  readonly strict: boolean
  readonly component: ReadonlyMap<string, string>
}

/** Exit code 1 when there is an error. */
export async function lintCommand(
  { terminal, catalogue }: CommandContext,
  paths: readonly string[],
  options: LintOptions,
): Promise<number> {
  const { strict, component: directories } = options
  const project = await loadProject(paths, { strict, directories, catalogue, stdin: terminal.stdin })
  printFindings(terminal, project.findings, options.output)
  await project.components.close()
  const { flows } = project.parsed.manifests
  for (const [kind, times] of project.parsed.ignored)
    terminal.err(`ignored ${count(times, 'document')} of kind ${kind}\n`)
  terminal.err(`${count(flows.length, 'flow')}: ${summaryOf(project.findings)}\n`)
  return hasErrors(project.findings) ? 1 : 0
}
