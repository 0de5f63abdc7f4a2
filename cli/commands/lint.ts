import type { Project } from '../../local/load-project.ts'
import { hasErrors, loadProject } from '../../local/load-project.ts'
import { count, printFindings, summaryOf } from '../format-findings.ts'
import {
  meansClusterProject,
  needPaths,
  withClusterProject,
  type ClusterChoice,
} from '../cluster/with-cluster-project.ts'
import { clusterFile } from '../cluster/cluster-file.ts'
import type { CommandContext } from './context.ts'
import { hintsOf } from './hints.ts'

export interface LintOptions extends ClusterChoice {
  readonly output: 'text' | 'json'
  readonly strict: boolean
  readonly component: ReadonlyMap<string, string>
}

/** Findings on standard output, what was looked at on standard error. Exit code 1 when there is an error. */
export async function lintCommand(
  context: CommandContext,
  paths: readonly string[],
  options: LintOptions,
): Promise<number> {
  const { terminal, catalogue } = context
  const { output, strict, component: directories } = options
  const { stdin } = terminal
  if (meansClusterProject(context, paths, options)) {
    return withClusterProject(options, { paths, stdin, directories }, async ({ project }) => {
      const unseen = project.unseen.map((name) => `not looked at: Secret "${name}", which you may not read`)
      return tell(context, project, { output, more: unseen })
    })
  }
  const project = await loadProject(needPaths(paths), { strict, directories, catalogue, stdin })
  return tell(context, project, { output, more: hintsOf(project, directories) })
}

interface Telling {
  readonly output: LintOptions['output']
  readonly more: readonly string[]
}

function tell({ terminal }: CommandContext, project: Project, { output, more }: Telling): number {
  printFindings(terminal.out, project.findings, output)
  const lines = [...ignoredLines(project), ...more, scopeLine(project)]
  terminal.err.write(lines.map((line) => `${line}\n`).join(''))
  return hasErrors(project.findings) ? 1 : 0
}

function ignoredLines({ ignored }: Project): string[] {
  return [...ignored].map(
    ([what, times]) => `ignored ${times} of ${what === 'no kind' ? 'no kind (not a manifest)' : what}`,
  )
}

function scopeLine({ parsed, findings }: Project): string {
  const own = parsed.manifests.flows.filter(({ file }) => file !== clusterFile)
  const flows = own.length + parsed.broken.filter(({ kind }) => kind === 'Flow').length
  return `${count(flows, 'flow')}: ${summaryOf(findings)}`
}
