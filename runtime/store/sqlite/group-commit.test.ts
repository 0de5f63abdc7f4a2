import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../clock.ts'
import { PermanentError, TransientError } from '../../error.ts'
import { groupCommit } from './group-commit.ts'

let directory: string
let files = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-commit-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

function open() {
  files += 1
  const path = join(directory, `${files}.db`)
  const database = new DatabaseSync(path, { timeout: 20 })
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE notes (text TEXT UNIQUE) STRICT')
  const insert = database.prepare('INSERT INTO notes VALUES (?)')
  const other = new DatabaseSync(path, { timeout: 20 })
  return {
    database,
    other,
    commits: groupCommit(database, systemClock),
    note: (text: string) => void insert.run(text),
    /** As another connection sees it: committed. */
    notes: () =>
      other
        .prepare('SELECT text FROM notes ORDER BY rowid')
        .all()
        .map((row) => row['text']),
  }
}

describe('group commit', () => {
  it('does the work of a turn in order, in one transaction, and answers when it is committed', async () => {
    const { commits, note, notes } = open()
    const seen: unknown[][] = []
    const texts = ['a', 'b', 'c']
    await Promise.all(texts.map((text) => commits.write(() => note(text)).then(() => seen.push(notes()))))
    expect(seen).toEqual([texts, texts, texts])
  })

  it('takes back a piece of work that fails half way, and keeps the others', async () => {
    const { commits, note, notes } = open()
    const refuse = (): never => {
      throw new PermanentError('RevisionTaken', 'no')
    }
    const outcomes = await Promise.allSettled([
      commits.write(() => note('a')),
      commits.write(() => {
        note('half')
        refuse()
      }),
      commits.write(() => note('a')),
      commits.writeRelaxed(() => note('b')),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'RevisionTaken' } })
    expect(outcomes[2]).toMatchObject({ reason: { name: 'TransientError', code: 'StateUnavailable' } })
    expect(notes()).toEqual(['a', 'b'])
  })

  it('refuses all work of a turn that finds no room, as something that may work later', async () => {
    const { database, commits, note, notes } = open()
    const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count'])
    database.exec(`PRAGMA max_page_count = ${pages + 2}`)
    const outcomes = await Promise.allSettled([
      commits.write(() => note('small')),
      commits.write(() => note('x'.repeat(1_000_000))),
    ])
    expect(outcomes[1]).toMatchObject({ reason: { name: 'TransientError', code: 'StateFull' } })
    // Whether the small one is kept is SQLite's choice; what is said of it must be true.
    expect(notes()).toEqual(outcomes[0].status === 'fulfilled' ? ['small'] : [])
    await commits.write(() => note('later'))
    expect(notes()).toContain('later')
  })

  it('refuses work while another connection writes for longer than the time-out, and goes on after it', async () => {
    const { other, commits, note, notes } = open()
    other.exec('BEGIN IMMEDIATE')
    await expect(commits.write(() => note('a'))).rejects.toThrow(TransientError)
    other.exec('ROLLBACK')
    await commits.write(() => note('b'))
    expect(notes()).toEqual(['b'])
  })

  it('does at once what may not wait, whole or not at all', async () => {
    const { commits, note, notes } = open()
    const pending = commits.write(() => note('later'))
    commits.writeNow(() => note('now'))
    expect(notes()).toEqual(['now'])
    const half = (): void => {
      note('half')
      note('now')
    }
    expect(() => commits.writeNow(half)).toThrow(TransientError)
    expect(commits.health()).toMatchObject({ kind: 'unreachable' })
    await pending
    expect(notes()).toEqual(['now', 'later'])
    expect(commits.health()).toEqual({ kind: 'ready' })
  })

  it('commits what is pending when it is closed, and refuses all after', async () => {
    const { commits, note, notes } = open()
    const pending = commits.write(() => note('a'))
    commits.close()
    commits.close()
    await pending
    expect(notes()).toEqual(['a'])
    for (const call of [commits.write, commits.writeRelaxed, commits.read]) {
      await expect(call(() => note('b'))).rejects.toMatchObject({ code: 'StoreClosed' })
    }
    expect(() => commits.writeNow(() => note('b'))).toThrow(TransientError)
  })
})
