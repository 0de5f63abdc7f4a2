/** One of the processes that share the queues of pools. */
export interface PoolMember {
  readonly id: string
  /** Whose queues it consumes; left out, all. */
  readonly pools?: readonly string[]
}

/**
 * How many of a pool's members come before this one for a queue; 0 has it first. By rendezvous hashing: a member that comes takes over
 * its own share alone, and of one that goes only its queues move. Who is not among the members counts as if he were.
 */
export function queueRank(queue: string, self: string, members: readonly Pick<PoolMember, 'id'>[]): number {
  const own = weight(queue, self)
  return members.filter(({ id }) => id !== self && comesBefore({ id, own: weight(queue, id) }, { id: self, own }))
    .length
}

/** Whether a member consumes the queues of a pool. */
export function servesPool({ pools }: Pick<PoolMember, 'pools'>, pool: string): boolean {
  return pools === undefined || pools.includes(pool)
}

interface Weighed {
  readonly id: string
  readonly own: number
}

function comesBefore(left: Weighed, right: Weighed): boolean {
  return left.own === right.own ? left.id < right.id : left.own > right.own
}

/** 32 bits, by FNV-1a and the end of MurmurHash3: without that one, names that differ in their last letters weigh alike. */
function weight(queue: string, member: string): number {
  let bits = fnv(`${member}\n${queue}`)
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

function fnv(text: string): number {
  let bits = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193)
  return bits
}
