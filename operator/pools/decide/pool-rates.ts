import type { PoolLook } from './decide-scale.ts'

/** The latest looks, without a gap, that are all like that. */
export function latest(looks: readonly PoolLook[], isLike: (look: PoolLook) => boolean): readonly PoolLook[] {
  const before = looks.findLastIndex((look) => !isLike(look))
  return looks.slice(before + 1)
}

export function lastsMs(looks: readonly PoolLook[]): number {
  const [first, last] = [looks[0], looks.at(-1)]
  return first === undefined || last === undefined ? 0 : last.at - first.at
}

/** A fall that has lasted that long is one. */
const fallingMs = 5_000

/**
 * By how many messages a second the backlog falls; below 0 it grows. Counted from its highest moment, when that is some seconds ago: what came all at once
 * is no load.
 */
export function shrinking(looks: readonly PoolLook[]): number {
  const [first, last] = [looks[0], looks.at(-1)]
  if (first === undefined || last === undefined) return 0
  const peak = looks.reduce((highest, look) => (look.backlog >= highest.backlog ? look : highest), first)
  const since = last.at - peak.at >= fallingMs ? peak : first
  return since === last ? 0 : ((since.backlog - last.backlog) * 1000) / (last.at - since.at)
}

/** Messages a second over all the looks. */
export interface Flow {
  readonly settled: number
  readonly arriving: number
}

/** Undefined where the broker's figures are missing, or there is too little to see: they come every 5 s. */
export function flowOver(looks: readonly PoolLook[], leastMs: number): Flow | undefined {
  const [first, last] = [looks[0], looks.at(-1)]
  if (first?.figures === undefined || last?.figures === undefined || last.at - first.at < leastMs) return undefined
  const seconds = (last.at - first.at) / 1000
  // A queue that was deleted takes its count along.
  const settled = Math.max(0, last.figures.settled - first.figures.settled) / seconds
  const held = (last.figures.unsettled - first.figures.unsettled) / seconds
  const waiting = (last.backlog - first.backlog) / seconds
  return { settled, arriving: Math.max(0, settled + held + waiting) }
}
