import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchServers } from '../bench-servers.ts'
import { openBenchServers } from '../bench-servers.ts'
import { median } from '../bench-result.ts'
import type { Load, Passage, Pipeline } from './pipeline.ts'
import { passThrough } from './pipeline.ts'

export interface Candidate {
  readonly pipeline: Pipeline
  readonly load: Load
}

/** Passages of each candidate, in the order of the rounds. */
export async function comparePipelines(
  candidates: readonly Candidate[],
  rounds: number,
): Promise<readonly (readonly Passage[])[]> {
  const passages = candidates.map((): Passage[] => [])
  for (const { pipeline, load } of candidates) await passThrough(pipeline, load)
  const inTurn = [...candidates.entries()]
  for (let round = 0; round < rounds; round += 1) {
    // Each goes first in every other round.
    for (const [at, { pipeline, load }] of round % 2 === 0 ? inTurn : inTurn.toReversed()) {
      passages[at]?.push(await passThrough(pipeline, load))
    }
  }
  return passages
}

/** Where one benchmark happens. */
export interface Site {
  readonly servers: BenchServers
  /** Empty, for files. */
  readonly directory: string
  /** Closed in reverse, before the servers. */
  readonly opened: AsyncDisposableStack
}

export async function onServers<T>(work: (site: Site) => Promise<T>): Promise<T> {
  const outer = new AsyncDisposableStack()
  try {
    const servers = await openBenchServers()
    outer.defer(servers.close)
    const directory = await mkdtemp(join(tmpdir(), 'weir-bench-'))
    outer.defer(() => rm(directory, { recursive: true, force: true }))
    const opened = outer.use(new AsyncDisposableStack())
    return await work({ servers, directory, opened })
  } finally {
    await outer.disposeAsync()
  }
}

/** `2100/s; µs a message: processes 210, children 90, broker 340, driver 40`. */
export function shownPassages(passages: readonly Passage[]): string {
  const middle = (part: (passage: Passage) => number): string => median(passages.map(part)).toFixed(0)
  const parts = (['processes', 'children', 'broker', 'driver'] as const).map(
    (part) => `${part} ${middle(({ cpuUs }) => cpuUs[part])}`,
  )
  return `${middle(({ messagesPerSecond }) => messagesPerSecond)}/s; µs a message: ${parts.join(', ')}`
}

/** Of one number of the passages of each round, ours to theirs. */
export function ratiosOf(
  ours: readonly Passage[],
  theirs: readonly Passage[],
  of: (passage: Passage) => number,
): readonly number[] {
  return ours.map((passage, round) => {
    const other = theirs[round]
    return other === undefined ? Number.NaN : of(passage) / of(other)
  })
}

/** A latency that this part of the messages stayed below, in milliseconds. */
export function percentileMs({ latenciesUs }: Passage, part: number): number {
  const sorted = latenciesUs.toSorted((a, b) => a - b)
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN) / 1000
}
