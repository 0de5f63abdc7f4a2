import type { Finding } from '../../flow/finding/finding.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { describePlan } from '../../flow/plan/describe-plan.ts'
import { planMermaid } from '../../flow/plan/plan-mermaid.ts'
import type { Project } from '../../local/load-project.ts'
import { hasErrors, loadProject, plansOf } from '../../local/load-project.ts'
import { plannableFindings } from '../../local/runnable-findings.ts'
import { printFindings, summaryOf } from '../format-findings.ts'
import type { Cluster } from '../cluster/open-cluster.ts'
import type { PlanChange } from '../cluster/plan-changes.ts'
import {
  meansClusterProject,
  needPaths,
  withClusterProject,
  type ClusterChoice,
} from '../cluster/with-cluster-project.ts'
import type { Output } from '../terminal.ts'
import type { CommandContext } from './context.ts'
import { hintsOf } from './hints.ts'

export interface PlanOptions extends ClusterChoice {
  readonly output: 'text' | 'json' | 'mermaid'
  readonly component: ReadonlyMap<string, string>
}

/**
 * Prints what the flows compile to, or what that changes in a cluster; findings go to standard error. Exit code 2 when lint finds an error, or there is
 * no flow; for a cluster 1 when something changes.
 */
export async function planCommand(
  context: CommandContext,
  paths: readonly string[],
  options: PlanOptions,
): Promise<number> {
  const { terminal, catalogue } = context
  const { output, component: directories } = options
  const { stdin } = terminal
  if (meansClusterProject(context, paths, options)) {
    return withClusterProject(options, { paths, stdin, directories }, ({ cluster, project }) =>
      printChanges(context, { cluster, project, options }),
    )
  }
  const project = await loadProject(needPaths(paths), { strict: false, directories, catalogue, stdin })
  if (!isPlannable(context, project, directories)) return 2
  const plans = plansOf(project)
  if (plans.length === 0) terminal.err.write('no flow in the given files\n')
  else terminal.out.write(written(plans, output))
  return plans.length === 0 ? 2 : 0
}

function isPlannable({ terminal }: CommandContext, project: Project, directories: PlanOptions['component']): boolean {
  const findings = [...project.findings.map(withoutWhichNothingIsPlanned), ...plannableFindings(project)]
  printFindings(terminal.err, findings)
  for (const hint of hintsOf({ ...project, findings }, directories)) terminal.err.write(`${hint}\n`)
  if (!hasErrors(findings)) return true
  terminal.err.write(`${summaryOf(findings)}: nothing is planned until the errors are mended\n`)
  return false
}

interface Changing {
  readonly cluster: Cluster
  readonly project: Project
  readonly options: PlanOptions
}

async function printChanges(context: CommandContext, { cluster, project, options }: Changing): Promise<number> {
  const { out, err } = context.terminal
  if (!isPlannable(context, project, options.component)) return 2
  const { changeLines, planChanges } = await import('../cluster/plan-changes.ts')
  const changes = await planChanges(cluster, project)
  if (changes.length === 0) err.write(`no flow in namespace ${cluster.namespace}\n`)
  if (options.output !== 'text') {
    out.write(
      written(
        changes.map(({ after }) => after),
        options.output,
      ),
    )
    return 0
  }
  let isChanged = false
  for (const change of changes) {
    const lines = changeLines(change)
    isChanged ||= lines.length > 0
    if (lines.length === 0) err.write(`${change.flow}: nothing changes\n`)
    else out.write(`${changeHead(change)}\n${lines.map((line) => `${coloured(out, line)}\n`).join('')}`)
  }
  return isChanged ? 1 : 0
}

function changeHead({ flow, before, after }: PlanChange): string {
  if (before === undefined) return `${flow}: new`
  return `${flow}: revision ${before.revision} → ${after.revision === before.revision ? 'the same, with other settings' : after.revision}`
}

function coloured({ style }: Output, line: string): string {
  if (line.startsWith('+')) return style('green', line)
  return line.startsWith('-') ? style('red', line) : line
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
