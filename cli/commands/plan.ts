import { describePlan } from '../../flow/plan/describe-plan.ts'
import { planMermaid } from '../../flow/plan/plan-mermaid.ts'
import { hasErrors, loadProject } from '../../local/load-project.ts'
import { printFindings, summaryOf } from '../format-findings.ts'
import type { CommandContext } from './context.ts'

export interface PlanOptions {
  readonly output: 'text' | 'json' | 'mermaid'
  readonly component: ReadonlyMap<string, string>
}

/** Prints what the flows compile to; exit code 2 when lint finds an error. */
export async function planCommand(
  { terminal, catalogue }: CommandContext,
  paths: readonly string[],
  options: PlanOptions,
): Promise<number> {
  const project = await loadProject(paths, {
    strict: false,
    directories: options.component,
    catalogue,
    stdin: terminal.stdin,
  })
  await project.components.close()
  if (hasErrors(project.findings)) {
    printFindings({ ...terminal, out: terminal.err }, project.findings, 'text')
    terminal.err(`${summaryOf(project.findings)}: nothing is planned until the errors are mended\n`)
    return 2
  }
  const { plans } = project
  if (plans.length === 0) terminal.err('no flow in the given files\n')
  if (options.output === 'json') terminal.out(`${JSON.stringify(plans, undefined, 2)}\n`)
  else terminal.out(plans.map(options.output === 'mermaid' ? planMermaid : describePlan).join('\n'))
  return 0
}
