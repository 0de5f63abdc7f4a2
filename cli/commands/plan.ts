import type { Finding } from '../../flow/finding/finding.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { describePlan } from '../../flow/plan/describe-plan.ts'
import { planMermaid } from '../../flow/plan/plan-mermaid.ts'
import { hasErrors, loadProject, plansOf } from '../../local/load-project.ts'
import { plannableFindings } from '../../local/runnable-findings.ts'
import { printFindings, summaryOf } from '../format-findings.ts'
import type { CommandContext } from './context.ts'
import { hintsOf } from './hints.ts'

export interface PlanOptions {
  readonly output: 'text' | 'json' | 'mermaid'
  readonly component: ReadonlyMap<string, string>
}

/** Prints what the flows compile to; findings go to standard error. Exit code 2 when lint finds an error, or there is no flow. */
export async function planCommand(
  { terminal, catalogue }: CommandContext,
  paths: readonly string[],
  { output, component: directories }: PlanOptions,
): Promise<number> {
  const project = await loadProject(paths, { strict: false, directories, catalogue, stdin: terminal.stdin })
  const findings = [...project.findings.map(withoutWhichNothingIsPlanned), ...plannableFindings(project)]
  printFindings(terminal.err, findings)
  for (const hint of hintsOf({ ...project, findings }, directories)) terminal.err.write(`${hint}\n`)
  if (hasErrors(findings)) {
    terminal.err.write(`${summaryOf(findings)}: nothing is planned until the errors are mended\n`)
    return 2
  }
  const plans = plansOf(project)
  if (plans.length === 0) terminal.err.write('no flow in the given files\n')
  else terminal.out.write(written(plans, output))
  return plans.length === 0 ? 2 : 0
}

/** Stages follow from what a component's functions are like; a credential may come later. */
function withoutWhichNothingIsPlanned(finding: Finding): Finding {
  return finding.code === 'UnknownComponent' ? { ...finding, severity: 'error' } : finding
}

function written(plans: readonly Plan[], output: PlanOptions['output']): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(plans, undefined, 2)}\n`
    case 'text':
      return plans.map(describePlan).join('\n')
    case 'mermaid':
      return mermaid(plans)
  }
}

/** One diagram as it is; several in one page need fences around them. */
function mermaid(plans: readonly Plan[]): string {
  if (plans.length === 1) return plans.map(planMermaid).join('')
  const diagrams = plans.map((plan) => `## ${plan.flow.name}\n\n\`\`\`mermaid\n${planMermaid(plan)}\`\`\`\n`)
  return diagrams.join('\n')
}
