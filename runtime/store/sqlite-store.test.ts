import { hash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { simulatedClock } from '../clock.ts'
import { expectRounds, writeUntilKilled } from './conformance/killed-writer.ts'
import { retentionChecks } from './conformance/retention-checks.ts'
import { deadLetter, plan, run, startedAt, stepEvent } from './conformance/store-promise.ts'
import { applicationId, migrations } from './sqlite/schema.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { storeConformance } from './store-conformance.ts'
import type { Store } from './store.ts'

let directory: string
let files = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-store-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

function newPath(): string {
  files += 1
  return join(directory, `state-${files}`, 'weir.db')
}

async function fill(store: Store): Promise<void> {
  const opened = await store.snapshots.open('q', { flow: 'f', step: 's', component: 'c', function: 'p' })
  await store.snapshots.write('q', opened, { value: { cursor: 7 }, settled: ['m1'] })
  await store.deadLetters.put(deadLetter('f', { id: 'm1' }))
  await store.runs.addRuns([run('f', 0, 'r1')])
  await store.runs.addEvents([stepEvent('f', 'r1')])
  await store.fires.insert({ flow: 'f', trigger: 't', at: 1, revision: 1 })
  await store.claims.take('key', { replay: 0, attempt: 1, copy: 'a' }, { nowMs: 1, windowMs: 1e12 })
  await store.plans.put(plan('f', 1))
  await store.trackedRuns.add('f', 'r1', ['m1'])
}

storeConformance('SQLite', async () => {
  const path = newPath()
  return { connect: async () => openSqliteStore(path, { access: 'shared' }), close: async () => undefined }
})

describe('SQLite store', () => {
  retentionChecks((options) => openSqliteStore(newPath(), options))

  it('forgets dead letters long after they were replayed or dropped, and never one that waits', async () => {
    const clock = simulatedClock(startedAt)
    const store = openSqliteStore(newPath(), { clock, retention: { settledLettersMs: 1000 } })
    const [waiting, replayed, dropped, late] = ['waiting', 'replayed', 'dropped', 'late'].map((id) =>
      deadLetter('f', { id }),
    )
    for (const letter of [waiting!, replayed!, dropped!]) await store.deadLetters.put(letter)
    await store.deadLetters.mark(replayed!, 'replayed')
    await store.deadLetters.mark(dropped!, 'dropped')
    await clock.advance(1000)
    await store.deadLetters.put({ ...late!, diedAt: clock.now() })
    expect(await store.deadLetters.list({})).toHaveLength(4)
    await clock.advance(1)
    await store.deadLetters.put({ ...late!, diedAt: clock.now() })
    expect((await store.deadLetters.list({})).map(({ id }) => id)).toEqual(['late', 'waiting'])
    await store.close()
  })

  it('brings a file of the first format to the current one, with all that is in it', async () => {
    const path = newPath()
    mkdirSync(join(path, '..'), { recursive: true })
    change(path, `${migrations[0]}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = 1`)
    change(path, `INSERT INTO tracked_messages (flow, run, id) VALUES ('f', 'r1', 'm1')`)
    const store = openSqliteStore(path)
    expect(await store.trackedRuns.active('f')).toEqual(['r1'])
    await fill(store)
    await store.close()
    await openSqliteStore(path).close()
  })

  it('has everything again when it is opened again, in a directory that it made', async () => {
    const path = newPath()
    const first = openSqliteStore(path)
    await fill(first)
    await first.close()
    const again = openSqliteStore(path)
    expect(await again.snapshots.read('q')).toEqual({ epoch: 1, version: 1, value: { cursor: 7 }, settled: ['m1'] })
    expect(await again.snapshots.open('q')).toMatchObject({ epoch: 2, version: 1 })
    expect(await again.deadLetters.list({})).toHaveLength(1)
    expect(await again.runs.list({})).toHaveLength(1)
    expect(await again.runs.events('r1')).toHaveLength(1)
    expect(await again.fires.due(2)).toHaveLength(1)
    const other = { replay: 0, attempt: 1, copy: 'b' }
    expect((await again.claims.take('key', other, { nowMs: 2, windowMs: 1e12 })).kind).toBe('held')
    expect(await again.plans.latest('f')).toEqual(plan('f', 1))
    expect(await again.trackedRuns.active('f')).toEqual(['r1'])
    await again.close()
  })

  it('writes what is pending when it is closed', async () => {
    const path = newPath()
    const store = openSqliteStore(path)
    const pending = store.plans.put(plan('f', 1))
    await store.close()
    await pending
    const again = openSqliteStore(path)
    expect(await again.plans.get('f', 1)).toEqual(plan('f', 1))
    await again.close()
  })

  it('has lost nothing that was promised when its process is killed in the middle of writing, three times in a row', async () => {
    const path = newPath()
    let promised = 0
    for (let kill = 1; kill <= 3; kill += 1) {
      promised = await writeUntilKilled(path, { from: promised + 1, rounds: 10 * kill })
      const store = openSqliteStore(path)
      await expectRounds(store, promised)
      await store.close()
    }
  }, 60_000)

  it('says who is in the way when another weir has the file, and opens it once that is gone', async () => {
    const path = newPath()
    const store = openSqliteStore(path)
    await fill(store)
    expect(() => openSqliteStore(path, { busyTimeoutMs: 20 })).toThrow(
      expect.objectContaining({ name: 'PermanentError', code: 'StateInUse', message: expect.stringContaining(path) }),
    )
    expect(() => openSqliteStore(path, { access: 'shared', busyTimeoutMs: 20 })).toThrow('in use by another weir')
    await store.close()
    await openSqliteStore(path).close()
  })
})

interface Damage {
  readonly name: string
  readonly code: string
  readonly says: string
  readonly damage: (path: string) => void
}

const damages: readonly Damage[] = [
  {
    name: 'a newer format',
    code: 'StateTooNew',
    says: 'newer version of weir',
    damage: (path) => change(path, 'PRAGMA user_version = 99'),
  },
  {
    name: 'a text file',
    code: 'StateCorrupt',
    says: 'restore it from a backup',
    damage: (path) => writeFileSync(path, 'this is no database\n'.repeat(1000)),
  },
  {
    name: 'the database of another application',
    code: 'StateUnusable',
    says: 'another application',
    damage: (path) => change(path, 'CREATE TABLE theirs (a); PRAGMA application_id = 7'),
  },
  {
    name: 'a file that was cut off',
    code: 'StateCorrupt',
    says: 'is damaged',
    damage: (path) => truncateSync(path, readFileSync(path).length / 2),
  },
  {
    name: 'a file with garbage in the middle',
    code: 'StateCorrupt',
    says: 'move it away',
    damage: (path) => {
      const bytes = readFileSync(path)
      bytes.fill(0xa5, 4096, bytes.length - 4096)
      writeFileSync(path, bytes)
    },
  },
  {
    name: 'a directory',
    code: 'StateUnusable',
    says: 'cannot be opened',
    damage: (path) => mkdirSync(`${path}/weir.db`, { recursive: true }),
  },
]

describe('opening a SQLite store', () => {
  it.each(damages)('refuses $name, says what to do, and leaves it as it is', async ({ code, says, damage }) => {
    const path = newPath()
    if (code !== 'StateUnusable') {
      const store = openSqliteStore(path)
      const letters = Array.from({ length: 20 }, (_, at) => deadLetter('f', { body: Buffer.alloc(10_000, at) }))
      await Promise.all(letters.map(store.deadLetters.put))
      await store.close()
    } else if (says === 'another application') mkdirSync(join(path, '..'), { recursive: true })
    damage(path)
    expect(existsSync(`${path}-wal`)).toBe(false)
    const before = readIfFile(path)
    const refused = expect.objectContaining({ name: 'PermanentError', code, message: expect.stringContaining(says) })
    expect(() => openSqliteStore(path)).toThrow(refused)
    expect(readIfFile(path)).toEqual(before)
    expect(() => openSqliteStore(path)).toThrow(refused)
  })

  it('refuses a path below a file', () => {
    const path = newPath()
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, '')
    expect(() => openSqliteStore(join(path, 'weir.db'))).toThrow(expect.objectContaining({ code: 'StateUnusable' }))
  })

  it('makes what only its owner can read, and closes what an earlier version left open', async () => {
    const path = newPath()
    const modes = () => [path, `${path}-wal`].filter(existsSync).map((file) => statSync(file).mode & 0o777)
    const first = openSqliteStore(path)
    await fill(first)
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    expect(modes()).toEqual([0o600, 0o600])
    await first.close()
    chmodSync(path, 0o644)
    const again = openSqliteStore(path)
    await fill(again)
    expect(modes()).toEqual([0o600, 0o600])
    await again.close()
  })

  it('leaves the mode of a directory that was there', async () => {
    const path = newPath()
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o755 })
    await openSqliteStore(path).close()
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o755)
  })

  it('takes an empty file as a new one', async () => {
    const path = newPath()
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, '')
    const store = openSqliteStore(path)
    await fill(store)
    await store.close()
  })
})

function change(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

/** A digest of its bytes. */
function readIfFile(path: string): string | undefined {
  try {
    return hash('sha256', readFileSync(path))
  } catch {
    return undefined
  }
}
