import type { Collection, Filter } from 'mongodb'
import type { Clock } from '../../clock.ts'
import { readObservations, runKey } from '../../recorder/observation-batch.ts'
import { defaultListLimit } from '../retention.ts'
import type { ObservationBatch, Run, RunFilter, RunStore, StepEvent } from '../store.ts'
import { isOnlyDuplicates } from './mongo-error.ts'
import type { MongoLink } from './mongo-link.ts'

type RunEntry = Omit<Run, 'id'> & { readonly _id: string; readonly at: Date }

/** JSON, since a component words its own errors. */
interface EventEntry {
  readonly run: string
  readonly at: number
  readonly keptAt: Date
  readonly record: string
}

type BatchEntry = Omit<ObservationBatch, 'id' | 'at'> & { readonly _id: string; readonly at: Date }

interface CountEntry {
  readonly _id: string
  readonly count: number
}

export function mongoRuns(link: MongoLink, clock: Clock): RunStore {
  const runs = link.observing<RunEntry>('runs')
  const stepEvents = link.observing<EventEntry>('stepEvents')
  const observations = link.observing<BatchEntry>('observations')
  const counts = link.observing<CountEntry>('counts')

  const batched = batchedRuns(observations)
  return {
    addRuns: (added) => {
      const entries = added.map(({ id, ...run }) => ({ _id: id, ...run, at: new Date(run.startedAt) }))
      return link.run(() => once(entries.length > 0 && runs.insertMany(entries, { ordered: false })))
    },
    addEvents: (added) => {
      // Named by the driver before they are sent: sent again, they are the same.
      const entries = added.map((event) => ({
        run: event.run,
        at: event.at,
        keptAt: new Date(clock.now()),
        record: JSON.stringify(event),
      }))
      return link.run(() => once(entries.length > 0 && stepEvents.insertMany(entries, { ordered: false })))
    },
    addBatches: (batches) => {
      const entries = batches.map(batchEntry)
      return link.run(() => once(entries.length > 0 && observations.insertMany(entries, { ordered: false })))
    },
    get: (id) =>
      link.run(async () => {
        const entry = await runs.findOne({ _id: id })
        return entry === null ? batched.run(id) : runOf(entry)
      }),
    list: (filter) =>
      link.run(async () => {
        const { limit = defaultListLimit } = filter
        const single = await runs.find(wantedRuns(filter)).sort({ startedAt: -1 }).limit(limit).toArray()
        return newest([...single.map(runOf), ...(await batched.runs(filter, limit))], limit)
      }),
    addDropped: (count) =>
      link.run(async () => void (await counts.updateOne({ _id: 'dropped' }, { $inc: { count } }, { upsert: true }))),
    dropped: () => link.run(async () => (await counts.findOne({ _id: 'dropped' }))?.count ?? 0),
    events: (run, limit) =>
      link.run(async () => {
        const all = [...(await singleEvents(stepEvents, run, limit)), ...(await batched.events(run, limit ?? Infinity))]
        return all.toSorted((left, right) => left.at - right.at).slice(0, limit)
      }),
  }
}

function batchEntry({ id, at, runKeys, flows, lastStartedAt, bytes }: ObservationBatch): BatchEntry {
  const known = { _id: id, at: new Date(at), runKeys, flows, bytes }
  return lastStartedAt === undefined ? known : { ...known, lastStartedAt }
}

/** What did not come in batches. */
async function singleEvents(
  stepEvents: Collection<EventEntry>,
  run: string,
  limit: number | undefined,
): Promise<readonly StepEvent[]> {
  const found = stepEvents.find({ run }).sort({ at: 1, _id: 1 })
  // For the driver 0 is none.
  const entries = await found.limit(limit ?? 0).toArray()
  return entries.map(({ record }) => JSON.parse(record) as StepEvent) // as added
}

interface BatchedRuns {
  readonly run: (id: string) => Promise<Run | undefined>
  /** The newest. */
  readonly runs: (filter: RunFilter, limit: number) => Promise<readonly Run[]>
  readonly events: (run: string, limit: number) => Promise<readonly StepEvent[]>
}

/** What came in batches, opened to be looked at. */
function batchedRuns(observations: Collection<BatchEntry>): BatchedRuns {
  // One after the other: a long run has thousands.
  const batchesOf = (run: string): AsyncIterable<BatchEntry> =>
    observations.find({ runKeys: runKey(run) }).sort({ at: 1 })
  const run = async (id: string): Promise<Run | undefined> => {
    for await (const batch of batchesOf(id)) {
      const found = opened(batch).runs.find((one) => one.id === id)
      if (found !== undefined) return found
    }
    return undefined
  }
  const runs = async (filter: RunFilter, limit: number): Promise<readonly Run[]> => {
    const { flow, startedFrom = Number.NEGATIVE_INFINITY } = filter
    const wanted = { ...(flow !== undefined && { flows: flow }), lastStartedAt: { $exists: true, $gte: startedFrom } }
    let found: Run[] = []
    for await (const batch of observations.find(wanted).sort({ lastStartedAt: -1 })) {
      // What begins in this batch, and in all behind it, is older than those that are wanted.
      if ((batch.lastStartedAt ?? 0) < (found[limit - 1]?.startedAt ?? Number.NEGATIVE_INFINITY)) break
      found = newest([...found, ...opened(batch).runs.filter((run) => matches(run, filter))], limit)
    }
    return found
  }
  const events = async (run: string, limit: number): Promise<readonly StepEvent[]> => {
    const found: StepEvent[] = []
    for await (const batch of batchesOf(run)) {
      for (const event of opened(batch).events) if (event.run === run) found.push(event)
      if (found.length >= limit) break
    }
    return found
  }
  return { run, runs, events }
}

/** What is there already stays as it is. */
async function once(inserting: Promise<unknown> | false): Promise<void> {
  try {
    await inserting
  } catch (error) {
    if (!isOnlyDuplicates(error)) throw error
  }
}

/** One that cannot be read holds nothing that anybody could be shown. */
function opened({ bytes, at }: BatchEntry): { readonly runs: readonly Run[]; readonly events: readonly StepEvent[] } {
  try {
    return readObservations({ bytes, at: at.getTime() })
  } catch {
    return { runs: [], events: [] }
  }
}

function newest(runs: readonly Run[], limit: number): Run[] {
  const byId = new Map(runs.map((run) => [run.id, run]))
  return [...byId.values()].toSorted((left, right) => right.startedAt - left.startedAt).slice(0, limit)
}

function matches(run: Run, { flow, namespace, startedFrom = Number.NEGATIVE_INFINITY }: RunFilter): boolean {
  const isOfFlow = flow === undefined || run.flow === flow
  return isOfFlow && (namespace === undefined || run.namespace === namespace) && run.startedAt >= startedFrom
}

function wantedRuns({ flow, namespace, startedFrom }: RunFilter): Filter<RunEntry> {
  return {
    ...(flow !== undefined && { flow }),
    ...(namespace !== undefined && { namespace }),
    ...(startedFrom !== undefined && { startedAt: { $gte: startedFrom } }),
  }
}

function runOf({ _id: id, namespace, flow, trigger, revision, startedAt }: RunEntry): Run {
  return { namespace, flow, id, trigger, revision, startedAt }
}
