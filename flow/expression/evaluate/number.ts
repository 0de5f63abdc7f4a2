import { failed } from './fault.ts'

/**
 * Whether it is a number to calculate with.
 *
 * @throws {Fault} when it is infinite
 */
export function isFiniteNumber(value: unknown): value is number {
  if (typeof value !== 'number' || Number.isNaN(value)) return false
  if (!Number.isFinite(value)) throw failed('a number is out of range; look for a division by zero')
  return true
}
