import { nameOf, nodesOf, violation, type SourceFile, type SyntaxNode, type Violation } from './source-file.ts'

const mainFile = /(?:^|\/)(?:[\w-]+-)?main\.\w+$/
/** A component and the launcher are whole programs; the rule is for what is assembled into one. */
const ours = /^(?:crds|flow|kube|operator|runtime|local|cli)\//
const reserved = new Set(['env', 'exit', 'exitCode', 'abort'])
const listening = new Set(['on', 'once', 'addListener', 'prependListener'])
/** Of these a process has one owner; `warning` or `beforeExit` concern nobody else. */
const reservedEvent = /^(?:SIG[A-Z0-9]+|exit|uncaughtException|unhandledRejection)$/

/** Only a main file reads the environment, handles signals or ends the process: everything else is told, and can be tested. */
export function processViolations(files: readonly SourceFile[]): Violation[] {
  return files
    .filter((file) => ours.test(file.path) && !file.isTest && !mainFile.test(file.path))
    .flatMap((file) => [...reservedImports(file), ...reservedUses(file)])
}

function reservedImports(file: SourceFile): Violation[] {
  return file.imports
    .filter(({ specifier }) => specifier === 'node:process' || specifier === 'process')
    .flatMap(({ names, offset }) => names.filter(isReserved).map((name) => problem(file, offset, name)))
}

function reservedUses(file: SourceFile): Violation[] {
  return [...nodesOf(file.program)].flatMap((node) => namesTaken(node).map((name) => problem(file, node.start, name)))
}

/** What a node takes of `process`: `process.env`, `process['env']`, `const { env } = process`, `process.on('SIGINT', …)`. */
function namesTaken(node: SyntaxNode): string[] {
  if (node.type === 'CallExpression') return eventsTaken(node)
  if (node.type === 'MemberExpression' && isProcess(node['object']))
    return [propertyName(node['property'])].filter(isReserved)
  if (node.type !== 'VariableDeclarator' || !isProcess(node['init'])) return []
  const pattern = node['id'] as SyntaxNode
  const properties = Array.isArray(pattern['properties']) ? (pattern['properties'] as SyntaxNode[]) : []
  return properties.map((property) => propertyName(property['key'])).filter(isReserved)
}

function eventsTaken(call: SyntaxNode): string[] {
  const callee = call['callee'] as SyntaxNode
  if (callee.type !== 'MemberExpression' || !isProcess(callee['object'])) return []
  const name = propertyName(callee['property'])
  const [event] = call['arguments'] as readonly { readonly value?: unknown }[]
  // An event that is only known at run time may be a signal.
  const mayBeReserved = typeof event?.value !== 'string' || reservedEvent.test(event.value)
  return listening.has(name) && mayBeReserved ? [name] : []
}

function isReserved(name: string): boolean {
  return reserved.has(name)
}

function isProcess(node: unknown): boolean {
  if (nameOf(node) === 'process') return true
  const member = node as SyntaxNode | null | undefined
  return (
    member?.type === 'MemberExpression' &&
    nameOf(member['object']) === 'globalThis' &&
    propertyName(member['property']) === 'process'
  )
}

function propertyName(node: unknown): string {
  const value = (node as { readonly value?: unknown } | undefined)?.value
  return nameOf(node) ?? (typeof value === 'string' ? value : '')
}

function problem(file: SourceFile, offset: number, name: string): Violation {
  return violation(
    'main owns the process',
    file,
    offset,
    `process.${name} belongs in a main.ts or *-main.ts; pass what is needed`,
  )
}
