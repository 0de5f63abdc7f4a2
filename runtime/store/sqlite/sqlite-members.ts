import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import type { PoolMember } from '../../decide/queue-rank.ts'
import type { MemberStore } from '../member-store.ts'
import type { GroupCommit } from './group-commit.ts'

interface Row {
  readonly member: string
}

export function sqliteMembers(
  database: DatabaseSync,
  { writeRelaxed }: GroupCommit,
  { clock }: { readonly clock: Clock },
): MemberStore {
  const put = database.prepare(
    `INSERT INTO members (id, member, until) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET member = excluded.member, until = excluded.until`,
  )
  const forget = database.prepare('DELETE FROM members WHERE until <= ?')
  const selectAll = database.prepare('SELECT member FROM members')
  const remove = database.prepare('DELETE FROM members WHERE id = ?')
  return {
    announce: (member, forMs) =>
      writeRelaxed(() => {
        const nowMs = clock.now()
        put.run(member.id, JSON.stringify(member), nowMs + forMs)
        forget.run(nowMs)
        const rows = selectAll.all() as unknown as Row[] // the column of the statement
        return rows.map((row) => JSON.parse(row.member) as PoolMember) // as put
      }),
    leave: (id) => writeRelaxed(() => void remove.run(id)),
  }
}
