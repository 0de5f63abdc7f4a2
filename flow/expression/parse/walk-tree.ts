import type { SyntaxNode } from './syntax-tree.ts'

/** How deep a tree is; each object in it is handed to the visitor once, parents first. Not recursive: a tree may be deeper than the stack. */
export function walkTree(tree: SyntaxNode, visit: (node: Readonly<Record<string, unknown>>) => void): number {
  const open: (readonly [value: unknown, depth: number])[] = [[tree, 1]]
  let deepest = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next
    if (typeof value !== 'object' || value === null || value instanceof RegExp) continue
    if (!Array.isArray(value)) visit(value as Readonly<Record<string, unknown>>) // a node, or a part of one
    deepest = Math.max(deepest, depth)
    for (const child of Object.values(value)) open.push([child, depth + 1])
  }
  return deepest
}
