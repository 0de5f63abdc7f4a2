/** Attempts that began and may have ended their process. */
export interface TrialStore {
  /** One more has begun; gives how many have, this one included. */
  readonly begin: (key: string) => Promise<number>
  /** It came to an end, whatever that was: the count begins anew. */
  readonly end: (key: string) => Promise<void>
}
