import { basename } from 'node:path'
import type { Project } from '../../local/load-project.ts'
import { unusedNames } from './unused-names.ts'

/** What to type when a flow names a component whose code was not given, and which of the given names nobody uses. */
export function hintsOf(
  project: Pick<Project, 'findings' | 'componentDirectories' | 'parsed'>,
  components: ReadonlyMap<string, string>,
  credentials: Iterable<string> = [],
): string[] {
  return [...unusedNames(project, { components: components.keys(), credentials }), ...missingCode(project, components)]
}

function missingCode(
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
