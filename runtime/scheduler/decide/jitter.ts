import { hash } from 'node:crypto'
import type { FireKey } from '../../trigger/decide/fire-id.ts'

/** Milliseconds in `[0, maxMs)`, always the same for the same fire, so that a later leader waits for the same instant. */
export function jitterMs({ flow, trigger, at }: FireKey, maxMs: number): number {
  if (maxMs <= 0) return 0
  const fraction = Number.parseInt(hash('sha256', `${flow}\n${trigger}\n${at}`, 'hex').slice(0, 8), 16) / 2 ** 32
  return Math.floor(fraction * maxMs)
}
