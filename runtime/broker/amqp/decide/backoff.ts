const firstMs = 100
const mostMs = 10_000

/**
 * How long to wait before the next attempt to connect: doubled with each failure, and spread from half of it to the
 * whole, so that a fleet does not come back as one.
 *
 * @param failures so far; 1 after the first
 * @param random from 0 to 1
 */
export function backoffMs(failures: number, random: number): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 16))
  return Math.round(whole * (0.5 + random / 2))
}
