import type { Project } from '../../local/load-project.ts'
import { hasErrors, loadProject } from '../../local/load-project.ts'
import { count, printFindings, summaryOf } from '../format-findings.ts'
import type { CommandContext } from './context.ts'
import { hintsOf } from './hints.ts'

export interface LintOptions {
  readonly output: 'text' | 'json'
  readonly strict: boolean
  readonly component: ReadonlyMap<string, string>
}

/** Findings on standard output, what was looked at on standard error. Exit code 1 when there is an error. */
export async function lintCommand(
  { terminal, catalogue }: CommandContext,
  paths: readonly string[],
  { output, strict, component: directories }: LintOptions,
): Promise<number> {
  const project = await loadProject(paths, { strict, directories, catalogue, stdin: terminal.stdin })
  printFindings(terminal.out, project.findings, output)
  const lines = [...ignoredLines(project), ...hintsOf(project, directories), scopeLine(project)]
  terminal.err.write(lines.map((line) => `${line}\n`).join(''))
  return hasErrors(project.findings) ? 1 : 0
}

function ignoredLines({ ignored }: Project): string[] {
  return [...ignored].map(
    ([what, times]) => `ignored ${times} of ${what === 'no kind' ? 'no kind (not a manifest)' : what}`,
  )
}

function scopeLine({ parsed, findings }: Project): string {
  const flows = parsed.manifests.flows.length + parsed.broken.filter(({ kind }) => kind === 'Flow').length
  return `${count(flows, 'flow')}: ${summaryOf(findings)}`
}
