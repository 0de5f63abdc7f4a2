import type { Finding } from '../../flow/finding/finding.ts'
import type { Project } from '../../local/load-project.ts'
import { hasErrors, plansOf } from '../../local/load-project.ts'
import type { FlowChange } from '../../local/local-plans.ts'
import { printFindings, summaryOf } from '../format-findings.ts'
import type { Output } from '../terminal.ts'
import type { RunnableProject, Session } from './session.ts'
import { watchFiles } from './watch-files.ts'

/** Files of a run that may be edited while it goes on. */
export interface EditedFiles {
  readonly paths: readonly string[]
  /** Reads and judges them as they are now. */
  readonly load: () => Promise<JudgedProject>
}

export interface JudgedProject {
  readonly project: Project
  readonly findings: readonly Finding[]
  readonly hints: readonly string[]
}

/** Prints what is wrong, and what to type. */
export function printJudged(err: Output, { findings, hints }: Pick<JudgedProject, 'findings' | 'hints'>): void {
  printFindings(err, findings)
  for (const hint of hints) err.write(`${hint}\n`)
}

/** A project in which no error was found. */
export function runnable(project: Project): RunnableProject {
  return { ...project, plans: plansOf(project) }
}

/** Follows edits until it is called. */
export function followEdits(
  session: Session,
  { paths, load }: EditedFiles,
  announce: () => Promise<void>,
): () => Promise<void> {
  const { say, log } = session
  const err: Output = { style: (_style, text) => text, write: say }
  const onEdit = async (): Promise<void> => {
    const judged = await load()
    const { project, findings } = judged
    if (hasErrors(findings)) {
      printJudged(err, judged)
      say(`${summaryOf(findings)}: the revisions that run go on until the errors are mended\n`)
      return project.components.close()
    }
    const changes = await session.change(runnable(project))
    if (changes.every(({ kind }) => kind === 'same')) return
    printJudged(err, judged)
    for (const line of changes.flatMap(changeLine)) say(`${line}\n`)
    await announce()
  }
  return watchFiles(paths, () => onEdit().catch((error: unknown) => log.error({ err: error }, 'files not read again')))
}

function changeLine(change: FlowChange): string[] {
  const { name } = change.plan.flow
  switch (change.kind) {
    case 'same':
      return []
    case 'deleted':
      return [`flow ${name} is deleted: what has started is finished`]
    case 'edited': {
      const { applied } = change
      if (applied.kind === 'notFound')
        return [`flow ${name}: there is no revision ${applied.revision} to go back to; it stays as it is`]
      if (applied.kind === 'active') return []
      return [`flow ${name}, revision ${applied.revision} is pending${reasonOf(applied.blocked)}`]
    }
  }
}

function reasonOf(blocked: 'TooManyQueues' | 'Suspended' | undefined): string {
  if (blocked === undefined) return ''
  if (blocked === 'Suspended') return ': the flow is suspended'
  return ': the flow would have more than 256 queues; it goes on when older ones are retired'
}
