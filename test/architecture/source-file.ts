import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'
import { parseSync, type Program } from 'oxc-parser'

/** A file of code, as far as the rules look at it. Paths are relative to the root, with `/`. */
export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly program: Program
  readonly imports: readonly Import[]
  /** A test, or something that only tests use. */
  readonly isTest: boolean
}

/** One `import`, `export … from`, `import()` or `require()` of a literal. */
export interface Import {
  readonly specifier: string
  /** The file that a relative specifier leads to; undefined for packages and Node's own modules. */
  readonly target?: string
  readonly names: readonly string[]
  readonly isLazy: boolean
  /** Of types alone. */
  readonly isType: boolean
  readonly offset: number
}

/** Something that breaks a rule. */
export interface Violation {
  readonly rule: string
  /** `path:line`. */
  readonly at: string
  readonly message: string
}

const codeFile = /\.(?:ts|mts|cts|js|mjs|cjs)$/
/** Not ours, or broken on purpose. */
const foreign = new Set(['node_modules', '.git', '.weir', 'coverage', 'dist', 'test/fixtures'])
/** Written as a stranger would write it. */
const examples = /^examples\//

/** Every file of code below the root. */
export function readSourceFiles(root: string): SourceFile[] {
  return filesBelow(root)
    .filter((path) => codeFile.test(path) && !examples.test(path))
    .map((path) => parseSourceFile(path, readFileSync(join(root, path), 'utf8')))
}

/** Every file of ours below the folder, sorted. */
export function filesBelow(root: string, folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const full = join(folder, entry.name)
      const path = relative(root, full).split(sep).join('/')
      if (foreign.has(entry.name) || foreign.has(path)) return []
      if (entry.isDirectory()) return filesBelow(root, full)
      return entry.isFile() ? [path] : []
    })
}

export function violation(rule: string, file: SourceFile, offset: number, message: string): Violation {
  return { rule, at: `${file.path}:${file.text.slice(0, offset).split('\n').length}`, message }
}

/** A node of the syntax tree: a type, a place, and whatever else. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly [field: string]: unknown
}

/** The node and all below it. */
export function* nodesOf(node: unknown): Generator<SyntaxNode> {
  if (Array.isArray(node)) for (const item of node) yield* nodesOf(item)
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return
  if ('type' in node && typeof node.type === 'string') yield node as SyntaxNode
  for (const value of Object.values(node)) if (typeof value === 'object') yield* nodesOf(value)
}

function parseSourceFile(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message}`)
  const imports = [...nodesOf(program)].flatMap((node) => importIn(node, path))
  return { path, text, program, imports, isTest: path.startsWith('test/') || /\.test\.\w+$/.test(path) }
}

function importIn(node: SyntaxNode, path: string): Import[] {
  const isLazy = node.type === 'ImportExpression' || node.type === 'CallExpression'
  const source = node.type === 'CallExpression' ? requiredBy(node) : node['source']
  if (!isLiteral(source)) return []
  const target = source.value.startsWith('.') ? posix.join(posix.dirname(path), source.value) : undefined
  const specifiers = Array.isArray(node['specifiers']) ? (node['specifiers'] as SyntaxNode[]) : []
  const names = specifiers.map((specifier) => nameOf(specifier['imported'] ?? specifier['local']) ?? 'default')
  return [
    {
      specifier: source.value,
      ...(target === undefined ? {} : { target }),
      names,
      isLazy,
      isType: isTypeOnly(node, specifiers),
      offset: node.start,
    },
  ]
}

function isTypeOnly(node: SyntaxNode, specifiers: readonly SyntaxNode[]): boolean {
  if (node.type === 'TSImportType' || node['importKind'] === 'type' || node['exportKind'] === 'type') return true
  return (
    specifiers.length > 0 && specifiers.every((part) => part['importKind'] === 'type' || part['exportKind'] === 'type')
  )
}

function requiredBy(call: SyntaxNode): unknown {
  return nameOf(call['callee']) === 'require' && Array.isArray(call['arguments']) ? call['arguments'][0] : undefined
}

function isLiteral(node: unknown): node is { readonly value: string } {
  return typeof node === 'object' && node !== null && 'value' in node && typeof node.value === 'string'
}

export function nameOf(node: unknown): string | undefined {
  return typeof node === 'object' && node !== null && 'name' in node && typeof node.name === 'string'
    ? node.name
    : undefined
}
