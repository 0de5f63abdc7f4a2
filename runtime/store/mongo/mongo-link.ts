import type { Collection, CollectionOptions, Document, MongoClient, TopologyDescriptionChangedEvent } from 'mongodb'
import type { Logger } from 'pino'
import type { Clock } from '../../clock.ts'
import { sleep } from '../../clock.ts'
import { TransientError } from '../../error.ts'
import type { StoreHealth } from '../store.ts'
import { closedHealth, storeClosed } from '../store-closed.ts'
import { judgeMongoError } from './decide/mongo-failure.ts'
import type { MongoPlace } from './mongo-error.ts'
import { failureOf, placeName, serversSeen, storeError } from './mongo-error.ts'

/** An open connection, and how work is done on it. */
export interface MongoLink {
  /** For what decides something: written to the journals of a majority, read as a majority has it. */
  readonly deciding: <Entry extends Document>(collection: string) => Collection<Entry>
  /** For observations: written to the primary's memory. */
  readonly observing: <Entry extends Document>(collection: string) => Collection<Entry>
  /**
   * Does the work, and again while that may help: its answer may have been lost, so it must be repeatable, and know its
   * own writes again by a name that it gave them. Ends in time.
   *
   * @throws {TransientError} `StoreTimeout`, and the codes of `MongoFailure`: the outcome is unknown
   * @throws {PermanentError} `StoreDocumentRefused`
   */
  readonly run: <Result>(work: () => Promise<Result>) => Promise<Result>
  readonly health: () => StoreHealth
  /** Waits a moment for the work that is under way. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface LinkParts {
  readonly client: MongoClient
  readonly place: MongoPlace
  /** Ends what `close` ends of the client. */
  readonly release: () => Promise<void>
  readonly clock: Clock
  readonly log: Logger
}

/** An election takes up to 12 s with a replica set's usual settings. */
const operationMs = 30_000
/** Shorter than the patience with a socket, so that the reason is told. */
const majorityMs = 8000
const closeMs = 5000
const firstPauseMs = 50
const longestPauseMs = 2000

export function mongoLink(parts: LinkParts): MongoLink {
  const { client, place } = parts
  const database = client.db(place.database)
  const state = linkState(parts)
  const working = new Set<Promise<unknown>>()
  const ending = new AbortController()
  let closing: Promise<void> | undefined
  let probing: Promise<unknown> | undefined

  const run = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (ending.signal.aborted) throw storeClosed()
    const late = { isOver: false }
    const doing = within(parts, repeated(parts, work, { ending: ending.signal, late }), late)
    working.add(doing)
    try {
      const result = await doing
      state.worked()
      return result
    } catch (error) {
      state.failed(error)
      throw error
    } finally {
      working.delete(doing)
    }
  }
  const deciding: MongoLink['deciding'] = (name) => database.collection(name, decidingOptions)
  const probe = (): void => {
    const read = (): Promise<unknown> => deciding('flows').findOne({})
    probing ??= run(read)
      .catch(() => undefined) // it is in the state
      .finally(() => (probing = undefined))
  }
  const close = async (): Promise<void> => {
    ending.abort(storeClosed())
    state.closed()
    await settled([...working], parts.clock)
    await parts.release()
  }
  return {
    deciding,
    observing: (name) => database.collection(name, observingOptions),
    run,
    health: () => {
      const health = state.health()
      // What is asked for nothing would never hear that it works again.
      if (health.kind !== 'ready' && !ending.signal.aborted) probe()
      return health
    },
    close: () => (closing ??= close()),
  }
}

const decidingOptions: CollectionOptions = {
  readConcern: { level: 'majority' },
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: majorityMs },
}
const observingOptions: CollectionOptions = { readConcern: { level: 'local' }, writeConcern: { w: 1 } }

/** Nobody waits for the work any more: by a timer, since a clock that was set back would have it repeated for as long. */
interface Lateness {
  isOver: boolean
}

/** Does the work until it succeeds, cannot, or is late. */
async function repeated<Result>(
  { place, clock }: LinkParts,
  work: () => Promise<Result>,
  { ending, late }: { readonly ending: AbortSignal; readonly late: Readonly<Lateness> },
): Promise<Result> {
  const until = clock.now() + operationMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await work()
    } catch (error) {
      if (isOurs(error)) throw error
      if (ending.aborted) throw storeClosed()
      const failure = failureOf(error)
      if (!failure.mayRepeat || late.isOver || clock.now() + pauseMs >= until) throw storeError(place, failure, error)
    }
    await sleep(clock, pauseMs, ending)
  }
}

/** Waits a moment for them. */
async function settled(working: readonly Promise<unknown>[], clock: Clock): Promise<void> {
  const ended = new AbortController()
  const patience = sleep(clock, closeMs, ended.signal).catch(() => undefined) // it was not needed
  await Promise.race([Promise.allSettled(working), patience])
  ended.abort()
}

type Trouble = Extract<StoreHealth, { kind: 'unreachable' }>

interface LinkState {
  readonly worked: () => void
  readonly failed: (error: unknown) => void
  readonly closed: () => void
  readonly health: () => StoreHealth
}

/** Ready while there is a primary and the last call did not say otherwise. */
function linkState({ client, place, clock, log }: LinkParts): LinkState {
  let trouble: Trouble | undefined
  let isClosed = false

  const enter = (code: string, reason: string): void => {
    if (isClosed) return
    if (trouble === undefined) log.warn({ code, reason }, 'MongoDB does not work')
    trouble = { kind: 'unreachable', since: trouble?.since ?? clock.now(), reason }
  }
  const leave = (): void => {
    if (trouble === undefined || isClosed) return
    log.info({ durationMs: clock.now() - trouble.since }, 'MongoDB works again')
    trouble = undefined
  }
  const onTopology = ({ newDescription, previousDescription }: TopologyDescriptionChangedEvent): void => {
    if (hasPrimary(newDescription.type)) {
      if (!hasPrimary(previousDescription.type)) leave()
      return
    }
    const message = 'no primary is known'
    const servers = serversSeen(newDescription)
    const { code, what } = judgeMongoError({ name: 'MongoServerSelectionError', message, labels: [], servers })
    enter(code, `${placeName(place)} ${what}`)
  }
  client.on('topologyDescriptionChanged', onTopology)
  return {
    worked: leave,
    failed: (error) => {
      if (error instanceof TransientError) enter(error.code, error.message)
    },
    closed: () => {
      client.off('topologyDescriptionChanged', onTopology)
      isClosed = true
      trouble = closedHealth(clock.now())
    },
    health: () => trouble ?? { kind: 'ready' },
  }
}

function hasPrimary(topologyType: string): boolean {
  return !['Unknown', 'ReplicaSetNoPrimary'].includes(topologyType)
}

/** Thrown by the work itself, for its caller. */
function isOurs(error: unknown): boolean {
  return error instanceof Error && ['PermanentError', 'TransientError'].includes(error.name)
}

function within<Result>({ clock, place }: LinkParts, working: Promise<Result>, late: Lateness): Promise<Result> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(operationMs, () => {
      late.isOver = true
      const message = `${placeName(place)} did not answer within ${operationMs / 1000} s`
      reject(new TransientError('StoreTimeout', message))
    })
    working.then(resolve, reject).finally(cancel)
  })
}
