import { sleep } from '../clock.ts'
import type { LivingWork } from '../plan-source.ts'
import type { Attachment, AttachmentEnd, AttachParts } from './attachment.ts'
import { openAttachment } from './attachment.ts'

/** The queues that a runner consumes, by name. Each is consumed again when it was lost, as long as it is wanted. */
export interface Attachments {
  /** Resolves when the queue is consumed, or is wanted no more; again with a newer plan to make that known. */
  readonly attach: (work: LivingWork) => Promise<void>
  /** Resolves when what has started is settled and the queue is left. */
  readonly detach: (queue: string) => Promise<void>
  /** Detaches all. */
  readonly drain: () => Promise<void>
  /** Leaves every queue; what is not settled goes back. */
  readonly close: () => Promise<void>
}

/** Between tries at a queue that is lost: another consumer may have it and die, it may be declared again, or the broker come back. */
const lostMs = 1000
const longestPauseMs = 10_000
/** What it takes to work may have come by then. */
const unableMs = 30_000

export function openAttachments(own: AttachParts): Attachments {
  const wanted = new Map<string, Consumption>()
  const leaving = new Set<Consumption>()
  const attach = async (work: LivingWork): Promise<void> => {
    const { queue } = work.stage
    const known = wanted.get(queue)
    known?.update(work)
    const consumption = known ?? new Consumption(own, work)
    wanted.set(queue, consumption)
    await consumption.isOpen
  }
  const detach = async (queue: string): Promise<void> => {
    const consumption = wanted.get(queue)
    if (consumption === undefined) return
    wanted.delete(queue)
    leaving.add(consumption)
    await consumption.leave()
    leaving.delete(consumption)
  }
  return {
    attach,
    detach,
    drain: async () => {
      await Promise.all([...[...wanted.keys()].map(detach), ...[...leaving].map((one) => one.leave())])
    },
    close: async () => {
      await Promise.all([...wanted.values(), ...leaving].map((one) => one.close()))
      wanted.clear()
    },
  }
}

/** One queue's attachment, and the next when that is lost. */
class Consumption {
  /** Resolves at the first success, or when it is wanted no more. */
  readonly isOpen: Promise<void>
  readonly #own: AttachParts
  readonly #unwanted = new AbortController()
  readonly #ended: Promise<void>
  #onOpen: () => void = () => {}
  #work: LivingWork
  #attachment: Attachment | undefined

  constructor(own: AttachParts, work: LivingWork) {
    this.#own = own
    this.#work = work
    this.isOpen = new Promise((resolve) => (this.#onOpen = resolve))
    this.#ended = this.#run()
  }

  update(work: LivingWork): void {
    this.#work = work
    this.#attachment?.update(work)
  }

  /** Lets what has started finish. Safe to repeat. */
  leave(): Promise<void> {
    this.#unwanted.abort()
    return this.#ended
  }

  async close(): Promise<void> {
    this.#unwanted.abort()
    await this.#attachment?.close()
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#unwanted
    let failures = 0
    while (!signal.aborted) {
      let pauseMs = lostMs
      try {
        pauseMs = (await this.#consume()) === 'unable' ? unableMs : lostMs
        failures = 0
      } catch (err) {
        failures += 1
        pauseMs = Math.min(lostMs * 2 ** (failures - 1), longestPauseMs)
        this.#tell(err, failures)
      }
      if (!signal.aborted) await sleep(this.#own.parts.clock, pauseMs, signal).catch(() => {})
    }
    this.#onOpen()
  }

  /** Until it ends by itself, or is wanted no more. */
  async #consume(): Promise<AttachmentEnd> {
    const { signal } = this.#unwanted
    const { promise, resolve } = Promise.withResolvers<AttachmentEnd>()
    const onUnwanted = (): void => resolve('unwanted')
    const attachment = await openAttachment(this.#own, { work: this.#work, onEnd: resolve })
    this.#attachment = attachment
    this.#onOpen()
    if (signal.aborted) onUnwanted()
    else signal.addEventListener('abort', onUnwanted, { once: true })
    const end = await promise
    signal.removeEventListener('abort', onUnwanted)
    // What was lost is void: nobody has to wait for its end.
    if (end !== 'lost') await attachment.drain()
    await Promise.all([attachment.close(), this.#own.listeners.leave(this.#work.stage.queue)])
    return end
  }

  /** Once for each time that it is lost, however often it is tried. */
  #tell(err: unknown, failures: number): void {
    const { queue } = this.#work.stage
    if (failures === 1) this.#own.parts.log.warn({ queue, err }, 'queue cannot be consumed, it is tried again')
  }
}
