import type { StepEvent } from '../store/store.ts'

/** In this order for ever: a batch names them by their place. A new one goes to the end. */
export const eventKinds: readonly StepEvent['kind'][] = [
  'settled',
  'diverted',
  'retried',
  'dead',
  'discarded',
  'waiting',
  'filtered',
]
