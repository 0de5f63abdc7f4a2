/** The processes that share the queues of pools. Nothing rests on it: who is missing here works all the same. */
export interface MemberStore {
  /** Counts as there for so long from now, by the store's clock. Gives all that do, itself included. */
  readonly announce: (member: Member, forMs: number) => Promise<readonly Member[]>
  /** One that is not there is no error. */
  readonly leave: (id: string) => Promise<void>
}

export interface Member {
  readonly id: string
  /** Whose queues it consumes; left out, all. */
  readonly pools?: readonly string[]
}
