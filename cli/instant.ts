import { UsageError } from './usage-error.ts'

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const rfc3339 = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?$/

/**
 * Milliseconds since 1970 of what was typed: a time (RFC 3339), or how long ago that was (`2h`, `1d12h`).
 *
 * @throws {UsageError} when it is neither
 */
export function instantOf(option: string, text: string, nowMs: number): number {
  if (/^(?:\d+[smhdw])+$/.test(text)) return nowMs - lengthMs(text)
  const at = rfc3339.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(at)) return at
  throw new UsageError(`${option}: give a time, as 2026-01-31T03:00:00Z, or how long ago, as 30m, 2h or 1d12h`)
}

function lengthMs(text: string): number {
  return [...text.matchAll(/(\d+)([smhdw])/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0),
    0,
  )
}
