/** One edge as routing sees it; `holds` is what its condition gave, undefined for an edge without one. */
export interface EdgeVerdict {
  readonly otherwise: boolean
  readonly holds: boolean | undefined
}

/** Positions of the edges that are taken: each without a condition, each whose condition holds, and `otherwise` when no condition held. */
export function chooseEdges(edges: readonly EdgeVerdict[]): number[] {
  const anyHeld = edges.some((edge) => edge.holds === true)
  return edges.flatMap((edge, at) => (isTaken(edge, anyHeld) ? [at] : []))
}

function isTaken(edge: EdgeVerdict, anyHeld: boolean): boolean {
  if (edge.otherwise) return !anyHeld
  return edge.holds ?? true
}
