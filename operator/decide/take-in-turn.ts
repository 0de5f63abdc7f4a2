/** So many of the names, in their order, beginning behind the last one taken and going round; none twice. */
export function takeInTurn(names: readonly string[], last: string, count: number): readonly string[] {
  const ordered = names.toSorted()
  const from = ordered.findIndex((name) => name > last)
  return [...ordered.slice(Math.max(0, from)), ...ordered.slice(0, Math.max(0, from))].slice(0, count)
}
