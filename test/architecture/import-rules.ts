import { violation, type Import, type SourceFile, type Violation } from './source-file.ts'

/** A part of the source tree: what it is told by, and which other parts it may import. */
interface Part {
  readonly name: string
  readonly holds: RegExp
  readonly mayImport: readonly string[]
  /** What people read in place of the name. */
  readonly shown?: string
  /** Put behind what it may import. */
  readonly note?: string
}

/** The first that holds a path is its part. Every part may import itself, decisions only those of the same program, components only their own files. */
const parts: readonly Part[] = [
  {
    name: 'decide',
    holds: /(?:^|\/)decide\//,
    mayImport: ['crds', 'flow', 'wire'],
    shown: 'a folder `decide`',
    note: '; decisions of the same program; of Node only what computes',
  },
  { name: 'wire', holds: /^runtime\/wire\//, mayImport: [], shown: '`runtime/wire`' },
  { name: 'crds', holds: /^crds\//, mayImport: [] },
  { name: 'kube', holds: /^kube\//, mayImport: [] },
  { name: 'flow', holds: /^flow\//, mayImport: ['crds'] },
  { name: 'runtime', holds: /^runtime\//, mayImport: ['crds', 'flow', 'wire', 'decide', 'kube'] },
  { name: 'operator', holds: /^operator\//, mayImport: ['crds', 'flow', 'wire', 'decide', 'kube', 'runtime'] },
  {
    name: 'components',
    holds: /^components\//,
    mayImport: [],
    note: ': the catalogue is written to the contract, like anybody’s',
  },
  { name: 'local', holds: /^local\//, mayImport: ['crds', 'flow', 'wire', 'decide', 'runtime', 'operator'] },
  {
    name: 'cli',
    holds: /^cli\//,
    mayImport: ['crds', 'flow', 'wire', 'decide', 'runtime', 'local', 'kube', 'package'],
  },
  { name: 'bin', holds: /^bin\//, mayImport: ['cli'] },
  {
    name: 'test',
    holds: /^test\//,
    mayImport: ['crds', 'flow', 'wire', 'decide', 'kube', 'runtime', 'operator', 'components', 'local', 'cli', 'bin'],
  },
  { name: 'package', holds: /^[^/]+$/, mayImport: [], shown: 'files at the root' },
]

/** The table as a page shows it, a line each part. */
export function importTable(): readonly string[] {
  return parts.map((part) => {
    const { mayImport, note = '' } = part
    const imports = mayImport.map((other) => shownName(parts.find(({ name }) => name === other) ?? { name: other }))
    return `| ${shownName(part)} | ${imports.length === 0 ? 'nothing of ours' : imports.join(', ')}${note} |`
  })
}

function shownName({ name, shown = `\`${name}\`` }: Pick<Part, 'name' | 'shown'>): string {
  return shown
}

/** Imports that the table does not allow. Tests may look at anything; nothing else may look at a test. */
export function importViolations(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => {
    const part = partOf(file.path)
    if (part === undefined) return [violation('import table', file, 0, 'no row of the table holds this folder')]
    return file.isTest ? [] : file.imports.flatMap((imported) => importViolation(file, part, imported))
  })
}

/**
 * Imports that lead round in a circle, each circle once. Lazy ones do not count: they wait until the circle is closed;
 * nor do those of types alone, which are gone when the code runs.
 */
export function cycleViolations(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const done = new Set<string>()
  const circles: Violation[] = []

  function visit(file: SourceFile, trail: readonly string[]): void {
    const at = trail.indexOf(file.path)
    if (at !== -1) circles.push(violation('no cycles', file, 0, [...trail.slice(at), file.path].join(' → ')))
    if (at !== -1 || done.has(file.path)) return
    for (const { target, isLazy, isType } of file.imports) {
      const next = target === undefined || isLazy || isType ? undefined : byPath.get(target)
      if (next !== undefined) visit(next, [...trail, file.path])
    }
    done.add(file.path)
  }

  for (const file of files) visit(file, [])
  return circles
}

function importViolation(file: SourceFile, part: Part, { specifier, target, offset }: Import): Violation[] {
  if (specifier.startsWith('/') || specifier.startsWith('file:')) {
    return [violation('import table', file, offset, `"${specifier}" is an absolute path`)]
  }
  if (target === undefined) return []
  if (target.startsWith('../'))
    return [violation('import table', file, offset, `"${specifier}" leads out of the project`)]
  if (/\.test\.\w+$/.test(target)) return [violation('import table', file, offset, `"${specifier}" is a test`)]
  const other = partOf(target)
  if (other === undefined || mayImport(file.path, part, target, other)) return []
  return [violation('import table', file, offset, `${part.name} may not import ${other.name} (${target})`)]
}

function mayImport(path: string, part: Part, target: string, other: Part): boolean {
  if (part.name === 'decide' && other.name === 'decide') return topFolder(path) === topFolder(target)
  if (part.name === 'components' && other.name === 'components') return componentOf(path) === componentOf(target)
  return part === other || part.mayImport.includes(other.name)
}

function topFolder(path: string): string | undefined {
  return path.split('/')[0]
}

function componentOf(path: string): string | undefined {
  return path.split('/')[1]
}

function partOf(path: string): Part | undefined {
  return parts.find(({ holds }) => holds.test(path))
}
