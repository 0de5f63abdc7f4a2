import { pause, systemClock, type Clock } from '../clock.ts'
import { noMeters, type Meters } from '../metrics/meters.ts'
import type { Priority } from '../queue/priority-lines.ts'
import { openWorkQueue, type Taken, type WorkQueue } from '../queue/work-queue.ts'
import { KubeError } from '../transport/kube-error.ts'
import type { Source } from './sources.ts'
import { openTurns } from './turns.ts'

/** All is as it should be; or it is to be looked at again later, whatever happens until then. */
export type Reconciled = { readonly kind: 'done' } | { readonly kind: 'again'; readonly afterMs: number }

/** A reconcile that threw. */
export interface ReconcileFailure {
  readonly key: string
  readonly error: unknown
  /** A mistake in the code, as far as one can tell: what was thrown is none of the errors that the world gives. */
  readonly isPanic: boolean
  /** Until it is tried again. */
  readonly retryAfterMs: number
}

export interface ControllerOptions {
  /** For the metrics. */
  readonly name: string
  /**
   * Makes the world be as the object of this key says; it may be gone. Told nothing of what has changed, so that nothing depends on having seen it.
   * Called for one key at a time.
   *
   * @param signal aborted when the time is over or the controller stops
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Reconciled>
  readonly sources: readonly Source[]
  /** 10 by default. */
  readonly workers?: number
  /** For one reconcile; none by default. */
  readonly timeoutMs?: number
  /** Everything is looked at that often, whether it has changed or not; by default ten hours, up to a tenth more. */
  readonly resyncMs?: number
  /** How long what is under way may go on when the controller is stopped; 20 s by default. */
  readonly graceMs?: number
  readonly onFailure?: (failure: ReconcileFailure) => void
  readonly clock?: Clock
  readonly meters?: Meters
}

/**
 * Calls `reconcile` for every key that its sources tell of.
 *
 * Begins when all that was there has been told. What fails is tried again, later each time, and not before the server wants to be asked. A reconcile that
 * throws, whatever it throws, ends nothing else. However many there are that wait for nothing, timers and the network have their turn in between. Stopped,
 * it takes nothing new and lets what is under way finish.
 */
export interface Controller {
  /** Until the signal is aborted and everything has ended. Once. */
  readonly run: (signal: AbortSignal) => Promise<void>
  readonly enqueue: (key: string, priority: Priority, afterMs?: number) => void
}

const resyncMs = 36_000_000
/** What does not listen to its signal is waited for no longer. */
const deafMs = 1_000

export function openController(options: ControllerOptions): Controller {
  const { name, sources, workers = 10, clock = systemClock, meters = noMeters, graceMs = 20_000 } = options
  const queue = openWorkQueue({ name, clock, meters })
  const labels = { controller: name }
  let active = 0
  meters.gauge('controller_runtime_max_concurrent_reconciles', labels, () => workers)
  meters.gauge('controller_runtime_active_workers', labels, () => active)
  const turns = openTurns(clock)
  const take = async (): Promise<Taken | undefined> => {
    await turns.next()
    return queue.take()
  }
  const work = async (ending: AbortSignal): Promise<void> => {
    for (let taken = await take(); taken !== undefined; taken = await take()) {
      active += 1
      await reconcileOne({ options, queue, taken, ending, clock, meters })
      active -= 1
    }
  }
  return {
    enqueue: queue.add,
    run: async (signal) => {
      const ending = new AbortController()
      const unsubscribe: (() => void)[] = []
      for (const source of sources) {
        // Of thousands of objects each tells at once.
        await turns.next()
        unsubscribe.push(source.subscribe((key, priority) => queue.add(key, priority)))
      }
      await Promise.race([Promise.all(sources.map(({ synced }) => synced)), aborted(signal)])
      const working = signal.aborted ? [] : Array.from({ length: workers }, () => work(ending.signal))
      const stopResync = openResync(options, queue, clock)
      await aborted(signal)
      stopResync()
      for (const end of unsubscribe) end()
      queue.close()
      const ended = Promise.all(working)
      await Promise.race([ended, pause(clock, graceMs)])
      ending.abort(new DOMException('the controller stops', 'AbortError'))
      await Promise.race([ended, pause(clock, deafMs)])
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

interface One {
  readonly options: ControllerOptions
  readonly queue: WorkQueue
  readonly taken: Taken
  readonly ending: AbortSignal
  readonly clock: Clock
  readonly meters: Meters
}

async function reconcileOne(one: One): Promise<void> {
  const { options, queue, taken, ending, clock, meters } = one
  const { name, reconcile, timeoutMs } = options
  const startedAt = clock.elapsed()
  const timeout = new AbortController()
  const cancel =
    timeoutMs === undefined
      ? () => {}
      : clock.setTimer(timeoutMs, () => timeout.abort(new DOMException('the reconcile takes too long', 'TimeoutError')))
  try {
    const reconciled = await reconcile(taken.key, AbortSignal.any([ending, timeout.signal]))
    queue.forget(taken.key)
    const isAgain = reconciled.kind === 'again'
    if (isAgain) queue.add(taken.key, 'resync', Math.max(1, reconciled.afterMs))
    const result = isAgain ? 'requeue_after' : 'success'
    meters.count('controller_runtime_reconcile_total', { controller: name, result })
  } catch (error) {
    fail(one, error)
  } finally {
    cancel()
    if (timeout.signal.aborted) meters.count('controller_runtime_reconcile_timeouts_total', { controller: name })
    const seconds = (clock.elapsed() - startedAt) / 1000
    meters.observe('controller_runtime_reconcile_time_seconds', { controller: name }, seconds)
    queue.done(taken.key)
  }
}

function fail({ options, queue, taken, meters }: One, error: unknown): void {
  const labels = { controller: options.name }
  const isPanic = isMistake(error)
  meters.count('controller_runtime_reconcile_total', { ...labels, result: 'error' })
  meters.count('controller_runtime_reconcile_errors_total', labels)
  if (isPanic) meters.count('controller_runtime_reconcile_panics_total', labels)
  const wantedMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0
  const retryAfterMs = queue.retry(taken, wantedMs)
  // Of its own, so that what it throws is its own affair.
  queueMicrotask(() => options.onFailure?.({ key: taken.key, error, isPanic, retryAfterMs }))
}

function isMistake(error: unknown): boolean {
  if (!(error instanceof Error)) return true
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((type) => error instanceof type)
}

function openResync(options: ControllerOptions, queue: WorkQueue, clock: Clock): () => void {
  const everyMs = options.resyncMs ?? resyncMs
  let cancel = (): void => {}
  const arm = (): void => {
    // Not all at one moment: neither of this process nor of many.
    cancel = clock.setTimer(everyMs * (1 + Math.random() / 10), () => {
      for (const { keys } of options.sources) for (const key of keys?.() ?? []) queue.add(key, 'resync')
      arm()
    })
  }
  arm()
  return () => cancel()
}
