import { nameOf, nodesOf, violation, type SourceFile, type SyntaxNode, type Violation } from './source-file.ts'

const vagueName = /^(?:.+-)?(?:utils?|helpers?|common|misc)$|^types$/
const vagueSuffix = /(?:Manager|Service|Helper|Helpers|Impl|Util|Utils)$/

/** Names that say nothing: where a function has no home, a concept has no name yet. */
export function nameViolations(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => [...vaguePaths(file), ...vagueClasses(file)])
}

/** Files that only pass on what others export; one `index` at the door of a package is enough. */
export function barrelViolations(files: readonly SourceFile[]): Violation[] {
  return files
    .filter((file) => isBarrel(file) && !isPackageDoor(file.path))
    .map((file) => violation('no barrels', file, 0, 'import from the file that defines it'))
}

function vaguePaths(file: SourceFile): Violation[] {
  const stems = file.path.split('/').map((part) => part.split('.')[0] ?? '')
  return stems
    .filter((stem) => vagueName.test(stem))
    .map((stem) => violation('names say something', file, 0, `"${stem}" is not the name of a concept`))
}

function vagueClasses(file: SourceFile): Violation[] {
  const declared = ['ClassDeclaration', 'ClassExpression', 'TSInterfaceDeclaration']
  return [...nodesOf(file.program)]
    .filter((node) => declared.includes(node.type) && vagueSuffix.test(nameOf(node['id']) ?? ''))
    .map((node) => violation('names say something', file, node.start, `${nameOf(node['id'])} is named for no thing`))
}

function isBarrel(file: SourceFile): boolean {
  const statements = file.program.body as unknown as SyntaxNode[]
  const passesOn = statements.filter((statement) => statement.type.startsWith('Export') && Boolean(statement['source']))
  const isOnlyThat =
    passesOn.length > 0 &&
    statements.every((statement) => passesOn.includes(statement) || statement.type === 'ImportDeclaration')
  return (
    isOnlyThat ||
    statements.some(({ type }) => type === 'ExportAllDeclaration') ||
    /(?:^|\/)index\.\w+$/.test(file.path)
  )
}

/** The root's own, or that of a component. */
function isPackageDoor(path: string): boolean {
  return /^(?:components\/[^/]+\/)?index\.\w+$/.test(path)
}
