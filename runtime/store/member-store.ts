import type { PoolMember } from '../decide/queue-rank.ts'

/** The processes that share the queues of pools. Nothing rests on it: who is missing here works all the same. */
export interface MemberStore {
  /** Counts as there for so long from now, by the store's clock. Gives all that do, itself included. */
  readonly announce: (member: PoolMember, forMs: number) => Promise<readonly PoolMember[]>
  /** One that is not there is no error. */
  readonly leave: (id: string) => Promise<void>
}
