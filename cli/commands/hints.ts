import { basename } from 'node:path'
import type { Project } from '../../local/load-project.ts'

/** What to type when a flow names a component whose code stands beside the manifests and was not given. */
export function hintsOf(
  { findings, componentDirectories }: Pick<Project, 'findings' | 'componentDirectories'>,
  given: ReadonlyMap<string, string>,
): string[] {
  if (!findings.some(({ code }) => code === 'UnknownComponent' || code === 'ComponentCodeMissing')) return []
  const general = 'the code of a component is given with --component NAME=DIR'
  const free = componentDirectories.filter((directory) => !given.has(basename(directory)))
  if (free.length === 0) return [general]
  return free.map(
    (directory) => `there is a component in ${directory}: --component ${basename(directory)}=${directory}`,
  )
}
