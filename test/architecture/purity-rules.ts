import { nameOf, nodesOf, violation, type SourceFile, type SyntaxNode, type Violation } from './source-file.ts'

/** What of Node's own modules only computes. */
const pureNames: Readonly<Record<string, readonly string[]>> = {
  'node:buffer': ['Buffer', 'isAscii', 'isUtf8'],
  'node:crypto': [
    'hash',
    'createHash',
    'createHmac',
    'timingSafeEqual',
    'verify',
    'createPublicKey',
    'createSecretKey',
    'constants',
    'JsonWebKey',
    'KeyObject',
  ],
  'node:http': ['STATUS_CODES', 'validateHeaderName', 'validateHeaderValue'],
  'node:util': ['TextDecoder', 'TextEncoder', 'isDeepStrictEqual'],
}

const impureObjects = new Set(['process', 'console', 'performance', 'crypto', 'globalThis'])
const impureCalls = new Set(['Date', 'fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'])

/** In a folder named `decide` everything is total, synchronous and without a clock, a logger or a client. */
export function purityViolations(files: readonly SourceFile[]): Violation[] {
  return files
    .filter((file) => !file.isTest && /(?:^|\/)decide\//.test(file.path))
    .flatMap((file) => [...impureImports(file), ...impureSyntax(file)])
}

function impureImports(file: SourceFile): Violation[] {
  return file.imports
    .filter(({ specifier }) => specifier.startsWith('node:'))
    .filter(
      ({ specifier, names }) =>
        names.length === 0 || names.some((name) => !(pureNames[specifier] ?? []).includes(name)),
    )
    .map(({ specifier, names, offset }) =>
      violation('decide is pure', file, offset, `${names.join(', ')} of ${specifier} does more than compute`),
    )
}

function impureSyntax(file: SourceFile): Violation[] {
  return [...nodesOf(file.program)].flatMap((node) => {
    const what = impurity(node)
    return what === undefined ? [] : [violation('decide is pure', file, node.start, what)]
  })
}

function impurity(node: SyntaxNode): string | undefined {
  return impurities[node.type]?.(node)
}

const impurities: Readonly<Record<string, (node: SyntaxNode) => string | undefined>> = {
  AwaitExpression: () => 'await',
  FunctionDeclaration: asyncFunction,
  FunctionExpression: asyncFunction,
  ArrowFunctionExpression: asyncFunction,
  ForOfStatement: (node) => (node['await'] === true ? 'for await' : undefined),
  NewExpression: ({ callee, arguments: given }) =>
    nameOf(callee) === 'Date' && isEmpty(given) ? 'the time of day' : undefined,
  CallExpression: ({ callee }) => (impureCalls.has(nameOf(callee) ?? '') ? `${nameOf(callee)}()` : undefined),
  MemberExpression: ({ object, property }) => impureMember(nameOf(object) ?? '', nameOf(property) ?? ''),
}

function asyncFunction(node: SyntaxNode): string | undefined {
  return node['async'] === true ? 'an async function' : undefined
}

function impureMember(object: string, property: string): string | undefined {
  const isImpure =
    impureObjects.has(object) ||
    (object === 'Date' && property === 'now') ||
    (object === 'Math' && property === 'random')
  return isImpure ? `${object}.${property}` : undefined
}

function isEmpty(list: unknown): boolean {
  return Array.isArray(list) && list.length === 0
}
