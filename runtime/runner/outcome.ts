import type { AttemptFailure } from '../wire/body.ts'
import type { Standing } from './standing.ts'

/** What becomes of a message at the end of its way through a stage. */
export type Outcome =
  /** On to a component's own queue. */
  | { readonly kind: 'send'; readonly queue: string; readonly standing: Standing }
  /** Waits, and comes back to this stage. */
  | { readonly kind: 'wait'; readonly notBefore: number; readonly standing: Standing }
  /** Left a last step. */
  | { readonly kind: 'finished'; readonly standing: Standing }
  /** A filter said no, or a list to split was empty. */
  | { readonly kind: 'filtered'; readonly standing: Standing }
  | { readonly kind: 'dead'; readonly standing: Standing; readonly failure: AttemptFailure }
  | { readonly kind: 'discarded'; readonly standing: Standing; readonly failure: AttemptFailure }
  | { readonly kind: 'reply'; readonly reply: Response }
  | { readonly kind: 'log'; readonly step: string; readonly value: unknown }

/** The answer to a webhook's caller. */
export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}
