import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import { readObservations } from '../../recorder/observation-batch.ts'
import type { Retention } from '../retention.ts'
import { defaultListLimit, knownBatches } from '../retention.ts'
import type { Run, RunStore, StepEvent } from '../store.ts'
import type { GroupCommit } from './group-commit.ts'

interface Row {
  readonly record: string
}

interface Observations {
  readonly clock: Clock
  readonly retention: Retention
}

export function sqliteRuns(database: DatabaseSync, commit: GroupCommit, kept: Observations): RunStore {
  return { ...writing(database, commit, kept), ...reading(database, commit) }
}

type Writing = Pick<RunStore, 'addRuns' | 'addEvents' | 'addBatches' | 'addDropped'>

function writing(database: DatabaseSync, { writeRelaxed }: GroupCommit, kept: Observations): Writing {
  const insertRun = database.prepare(
    'INSERT INTO runs (id, flow, started_at, record) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
  )
  const insertEvent = database.prepare('INSERT INTO step_events (run, at, record) VALUES (?, ?, ?)')
  const insertBatch = database.prepare('INSERT INTO observation_batches (id) VALUES (?) ON CONFLICT (id) DO NOTHING')
  const forgetBatches = forgetAbove(database, 'observation_batches')
  const addDropped = database.prepare(
    `INSERT INTO counts (name, count) VALUES ('dropped', ?)
     ON CONFLICT (name) DO UPDATE SET count = count + excluded.count`,
  )
  const forgetOld = forgetting(database, kept)
  const add = (runs: readonly Run[], events: readonly StepEvent[]): void => {
    for (const run of runs) insertRun.run(run.id, run.flow, run.startedAt, JSON.stringify(run))
    for (const event of events) insertEvent.run(event.run, event.at, JSON.stringify(event))
    forgetOld()
  }
  return {
    addRuns: (runs) => writeRelaxed(() => add(runs, [])),
    addEvents: (events) => writeRelaxed(() => add([], events)),
    addBatches: (batches) =>
      writeRelaxed(() => {
        for (const batch of batches) {
          const { runs, events } = readObservations(batch)
          if (insertBatch.run(batch.id).changes === 0) continue
          forgetBatches.run(knownBatches)
          add(runs, events)
        }
      }),
    addDropped: (count) => writeRelaxed(() => void addDropped.run(count)),
  }
}

function reading(database: DatabaseSync, { read }: GroupCommit): Omit<RunStore, keyof Writing> {
  const selectRun = database.prepare('SELECT record FROM runs WHERE id = ?')
  const order = (limitAt: number): string => `ORDER BY started_at DESC, number DESC LIMIT ?${limitAt}`
  const bounds = `started_at >= ?1 AND (?2 IS NULL OR json_extract(record, '$.namespace') = ?2)`
  const listAll = database.prepare(`SELECT record FROM runs WHERE ${bounds} ${order(3)}`)
  const listOfFlow = database.prepare(`SELECT record FROM runs WHERE ${bounds} AND flow = ?3 ${order(4)}`)
  const selectEvents = database.prepare('SELECT record FROM step_events WHERE run = ? ORDER BY at, number LIMIT ?')
  const selectDropped = database.prepare(`SELECT count FROM counts WHERE name = 'dropped'`)
  return {
    get: (id) =>
      read(() => {
        const row = selectRun.get(id) as Row | undefined // the column of the statement
        return row && (JSON.parse(row.record) as Run) // as added
      }),
    list: ({ flow, namespace = null, startedFrom = -Number.MAX_VALUE, limit = defaultListLimit }) =>
      read(() => {
        const rows =
          flow === undefined
            ? listAll.all(startedFrom, namespace, limit)
            : listOfFlow.all(startedFrom, namespace, flow, limit)
        return recordsOf<Run>(rows)
      }),
    dropped: () => read(() => Number(selectDropped.get()?.['count'] ?? 0)),
    events: (run, limit = -1) => read(() => recordsOf<StepEvent>(selectEvents.all(run, limit))),
  }
}

/** Forgets what is too old, and the oldest of too many. */
function forgetting(database: DatabaseSync, { clock, retention }: Observations): () => void {
  const runsAbove = forgetAbove(database, 'runs')
  const eventsAbove = forgetAbove(database, 'step_events')
  const runsBefore = database.prepare('DELETE FROM runs WHERE started_at < ?')
  const eventsBefore = database.prepare('DELETE FROM step_events WHERE at < ?')
  return () => {
    const oldest = clock.now() - retention.observedMs
    runsAbove.run(retention.runs)
    eventsAbove.run(retention.events)
    runsBefore.run(oldest)
    eventsBefore.run(oldest)
  }
}

type Numbered = 'runs' | 'step_events' | 'observation_batches'

/** Numbers rise by one, so that what is too old is found without counting. */
function forgetAbove(database: DatabaseSync, table: Numbered): ReturnType<DatabaseSync['prepare']> {
  return database.prepare(`DELETE FROM ${table} WHERE number <= (SELECT max(number) FROM ${table}) - ?`)
}

function recordsOf<Record>(rows: unknown[]): Record[] {
  return (rows as Row[]).map(({ record }) => JSON.parse(record) as Record) // the column of the statement, as added
}
