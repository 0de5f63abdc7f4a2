import type { Clock } from '../clock.ts'
import type { Work } from './memory-store.ts'
import type { PoolMember } from '../decide/queue-rank.ts'
import type { MemberStore } from './member-store.ts'

export function memoryMembers(work: Work, clock: Clock): MemberStore {
  const members = new Map<string, { readonly member: PoolMember; readonly until: number }>()
  return {
    announce: (member, forMs) =>
      work(() => {
        const nowMs = clock.now()
        members.set(member.id, { member, until: nowMs + forMs })
        for (const [id, { until }] of members) if (until <= nowMs) members.delete(id)
        return [...members.values()].map((known) => known.member)
      }),
    leave: (id) => work(() => void members.delete(id)),
  }
}
