import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { simulatedClock } from '../../clock.ts'
import { groupCommit } from '../../store/sqlite/group-commit.ts'
import { openTrouble } from './trouble.ts'
import type { Addition } from './turn-batch.ts'
import { turnBatch } from './turn-batch.ts'

it('takes messages again after a transaction that ended before it came to them', async () => {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE notes (text TEXT)')
  const clock = simulatedClock(0)
  const commits = groupCommit(database, clock)
  const insert = database.prepare('INSERT INTO notes VALUES (?)')
  const trouble = openTrouble({ path: ':memory:', clock, onTrouble: () => {} })
  const batch = turnBatch({ write: commits.write, trouble, onMoved: () => {} })
  const addition = (text: string): Addition => ({ insert: () => void insert.run(text), admit: () => {} })

  database.exec('PRAGMA max_page_count = 3')
  const filling = commits.write(() => insert.run('x'.repeat(100_000)))
  const ends = await Promise.allSettled([filling, batch.add(addition('too early'))])
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  database.exec('PRAGMA max_page_count = 1000')
  expect(await batch.add(addition('in time'))).toBe('confirmed')
  expect(batch.underWay()).toBe(0)
  trouble.close()
  commits.close()
})
