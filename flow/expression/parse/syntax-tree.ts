/** A node of JSONata's syntax tree, as its parser leaves it (2.2.2); the version is pinned because this form is not its API. */
export type SyntaxNode = NodeBase & NodeKind

type NodeKind =
  | { readonly type: 'path'; readonly steps: readonly SyntaxNode[]; readonly keepSingletonArray?: boolean }
  | { readonly type: 'binary'; readonly value: string; readonly lhs: SyntaxNode; readonly rhs: SyntaxNode }
  | UnaryKind
  | { readonly type: 'name'; readonly value: string }
  | { readonly type: 'string' | 'number' | 'value'; readonly value: unknown }
  | { readonly type: 'wildcard' | 'descendant' | 'operator' }
  | { readonly type: 'parent'; readonly slot: { readonly label: string } }
  | {
      readonly type: 'condition'
      readonly condition: SyntaxNode
      readonly then: SyntaxNode
      readonly else?: SyntaxNode
    }
  | { readonly type: 'block'; readonly expressions: readonly SyntaxNode[] }
  | { readonly type: 'bind'; readonly lhs: { readonly value: string }; readonly rhs: SyntaxNode }
  | { readonly type: 'regex'; readonly value: RegExp }
  | { readonly type: 'variable'; readonly value: string }
  | CallNode
  | LambdaNode
  | { readonly type: 'apply'; readonly lhs: SyntaxNode; readonly rhs: SyntaxNode }
  | {
      readonly type: 'transform'
      readonly pattern: SyntaxNode
      readonly update: SyntaxNode
      readonly delete?: SyntaxNode
    }
  | { readonly type: 'sort'; readonly terms: readonly SortTerm[] }

type UnaryKind =
  | { readonly type: 'unary'; readonly value: '-'; readonly expression: SyntaxNode }
  | { readonly type: 'unary'; readonly value: '['; readonly expressions: readonly SyntaxNode[] }
  | { readonly type: 'unary'; readonly value: '{'; readonly lhs: readonly Pair[] }

export interface CallNode extends NodeBase {
  readonly type: 'function' | 'partial'
  readonly procedure: SyntaxNode
  readonly arguments: readonly SyntaxNode[]
}

export interface LambdaNode extends NodeBase {
  readonly type: 'lambda'
  readonly arguments: readonly { readonly value: string }[]
  readonly body: SyntaxNode
  readonly signature?: Signature
  /** Not the user's function but a call in tail position, put off. */
  readonly thunk?: boolean
}

/** Checks arguments against a function's declared types and fills in the context for one that is left out. */
export interface Signature {
  readonly definition: string
  readonly validate: (args: readonly unknown[], context: unknown) => unknown[]
}

interface NodeBase {
  /** Characters into the source, just behind the token. */
  readonly position?: number
  readonly keepArray?: boolean
  readonly predicate?: readonly Stage[]
  readonly stages?: readonly Stage[]
  readonly group?: Group
  readonly tuple?: boolean
  readonly consarray?: boolean
  readonly focus?: string
  readonly index?: string
  readonly ancestor?: { readonly label: string }
}

export type Stage =
  { readonly type: 'filter'; readonly expr: SyntaxNode } | { readonly type: 'index'; readonly value: string }

export interface Group {
  readonly lhs: readonly Pair[]
  readonly position?: number
}

export type Pair = readonly [key: SyntaxNode, value: SyntaxNode]

export interface SortTerm {
  readonly descending: boolean
  readonly expression: SyntaxNode
}

/** Nothing is noted on it: no predicate, no group, no binding. */
export function isBare(node: SyntaxNode): boolean {
  const noted = [node.stages, node.predicate, node.group, node.focus, node.index, node.ancestor, node.tuple]
  return node.keepArray !== true && noted.every((note) => note === undefined)
}
