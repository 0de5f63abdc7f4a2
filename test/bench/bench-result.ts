/** One measured number against its goal; both in the same unit. */
export interface BenchResult {
  readonly name: string
  readonly value: number
  readonly goal: number
  /** `×`, `MB`. */
  readonly unit: string
  /** The goal is the least it may be; otherwise the most. */
  readonly isAtLeast?: boolean
  /** How it came about: spread, counts. */
  readonly note?: string
}

/** One that could not be measured here. */
export interface SkippedBench {
  readonly name: string
  /** Why. */
  readonly skipped: string
}

export type BenchReading = BenchResult | SkippedBench

/** `NAME VALUE goal GOAL ok|short`, or `NAME skipped: REASON`. */
export function formatResult(reading: BenchReading): string {
  if ('skipped' in reading) return `${reading.name} skipped: ${reading.skipped}`
  const { name, value, goal, unit, isAtLeast = false } = reading
  const isMet = isAtLeast ? value >= goal : value <= goal
  return `${name} ${value.toFixed(2)}${unit} goal ${isAtLeast ? '≥' : '≤'}${goal}${unit} ${isMet ? 'ok' : 'short'}`
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** `0.9–1.2`, for a note. */
export function spread(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`
}

/** CPU of this process so far, user and system, in milliseconds. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
