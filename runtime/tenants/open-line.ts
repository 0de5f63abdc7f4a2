import type { Logger } from 'pino'
import { sleep, type CancelTimer, type Clock } from '../clock.ts'
import { TransientError } from '../error.ts'

/** What leads to servers, as long as somebody needs them. */
export interface Line<Held> {
  /** @throws {TransientError} `NotConnected` while there is nothing */
  readonly get: () => Held
  /** Whether there is what is needed now; nothing may be needed. */
  readonly isReady: () => boolean
  /** What there is now. */
  readonly held: () => Held | undefined
  /** Opens it, however long that takes, or closes it when it was not needed for a while. Safe to repeat; nothing once it is closed. */
  readonly need: (isNeeded: boolean) => void
  /** Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface LineParts<Held> {
  /** What it opens is put onto the stack. Called again when it rejects; the signal ends its waiting. */
  readonly open: (opened: AsyncDisposableStack, signal: AbortSignal) => Promise<Held>
  /** Somebody is at work on it: it is not closed yet, though nobody needs it. */
  readonly isBusy: () => boolean
  /** Before what is open is closed. */
  readonly onClosing: () => Promise<void>
  readonly clock: Clock
  readonly log: Logger
  /** Not needed for so long; a minute by default. */
  readonly idleMs?: number
}

const firstPauseMs = 500
const longestPauseMs = 30_000

/** Closed at first. */
export function openLine<Held>(parts: LineParts<Held>): Line<Held> {
  const { clock, log, isBusy, onClosing, idleMs = 60_000 } = parts
  let attempt: Attempt<Held> | undefined
  let isNeeded = false
  let isClosed = false
  let cancelIdle: CancelTimer | undefined
  const drop = async (): Promise<void> => {
    cancelIdle?.()
    cancelIdle = undefined
    const ending = attempt
    if (ending?.held() !== undefined)
      await onClosing().catch((err: unknown) => log.debug({ err }, 'not left as it should be'))
    if (isNeeded) return // again, in the meantime: nothing of it is closed yet
    if (attempt === ending) attempt = undefined
    await ending?.end()
  }
  const armIdle = (): void => {
    cancelIdle = clock.setTimer(idleMs, () => {
      if (isBusy()) armIdle()
      else void drop()
    })
  }
  return {
    held: () => attempt?.held(),
    isReady: () => !isNeeded || attempt?.held() !== undefined,
    get: () => {
      const held = attempt?.held()
      if (held !== undefined) return held
      throw new TransientError('NotConnected', 'the namespace’s broker has not been reached yet')
    },
    need: (isNeededNow) => {
      if (isNeededNow === isNeeded || isClosed) return
      isNeeded = isNeededNow
      if (!isNeeded) return armIdle()
      cancelIdle?.()
      cancelIdle = undefined
      attempt ??= begin(parts)
    },
    close: async () => {
      isClosed = true
      isNeeded = false
      await drop()
    },
  }
}

interface Attempt<Held> {
  readonly held: () => Held | undefined
  readonly end: () => Promise<void>
}

function begin<Held>(parts: LineParts<Held>): Attempt<Held> {
  const { clock, log } = parts
  const ending = new AbortController()
  const { signal } = ending
  let held: { readonly value: Held; readonly stack: AsyncDisposableStack } | undefined
  const leave = async (stack: AsyncDisposableStack): Promise<void> =>
    stack.disposeAsync().catch((err: unknown) => log.warn({ err }, 'namespace’s servers not left as they should be'))
  const work = async (): Promise<void> => {
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      const stack = new AsyncDisposableStack()
      try {
        held = { value: await parts.open(stack, signal), stack }
        return
      } catch (err) {
        await leave(stack)
        if (!signal.aborted) log.warn({ err, retryMs: pauseMs }, 'namespace’s servers cannot be used yet')
      }
      await sleep(clock, pauseMs, signal).catch(() => {}) // the loop ends
    }
  }
  const working = work()
  const end = async (): Promise<void> => {
    ending.abort(new Error('the line is closed'))
    await working
    if (held !== undefined) await leave(held.stack)
  }
  let ended: Promise<void> | undefined
  return {
    held: () => (signal.aborted ? undefined : held?.value),
    end: () => (ended ??= end()),
  }
}
