import type { BudgetInUse } from '../../crds/v1alpha1/credential.ts'
import type { CancelTimer } from '../clock.ts'
import { judgeWait } from './decide/judge-wait.ts'
import type { PermitTerms } from './decide/plan-ask.ts'
import { permitTerms, planAsk } from './decide/plan-ask.ts'
import type { PermitAnswer, PermitAsk } from './decide/take-permits.ts'
import { openParked } from './parked.ts'
import { openPermitStock } from './permit-stock.ts'
import type { Entry, EntryWish, RateGateParts } from './rate-gate.ts'

/** The requests of one budget in this process, in the order in which they came. */
export interface BudgetLine {
  readonly enter: (budget: BudgetInUse, wish: EntryWish) => Promise<Entry> | undefined
  readonly pause: (forMs: number) => void
  readonly close: () => void
}

export interface LinePlace {
  readonly key: string
  readonly namespace: string
  readonly app: string
}

interface Waiter extends Pick<EntryWish, 'holdMs' | 'waitsInPlace'> {
  readonly since: number
  readonly end: (entry: Entry) => void
  /** An answer came, and it was not among those that it let through. */
  isLate: boolean
}

/** Between two looks at who waits. */
const lookMs = 1000
/** A store that gave no answer is asked again after this long, and a wait for it counts as this long. */
const unknownMs = 2000

export function openBudgetLine(parts: RateGateParts, place: LinePlace): BudgetLine {
  return new Line(parts, place)
}

class Line implements BudgetLine {
  readonly #parts: RateGateParts
  readonly #place: LinePlace
  readonly #waiting: Waiter[] = []
  readonly #stock = openPermitStock()
  readonly #parked = openParked()
  #budget: BudgetInUse | undefined
  #terms: PermitTerms = permitTerms({ app: '', requests: 1, perSeconds: 1, burst: 1 })
  #isAsking = false
  /** Before this, by a timer, it is useless or unfair to ask. */
  #cancelPause: CancelTimer | undefined
  /** The next permit that nobody has, as the last answer had it. */
  #nextAt = 0
  #used = 0
  #usedSince = 0
  #isSilent = false
  #isClosed = false
  #cancelLook: CancelTimer | undefined

  constructor(parts: RateGateParts, place: LinePlace) {
    this.#parts = parts
    this.#place = place
  }

  enter(budget: BudgetInUse, { holdMs, waitsInPlace = false, signal }: EntryWish): Promise<Entry> | undefined {
    this.#take(budget)
    const since = this.#parts.clock.now()
    if (this.#waiting.length === 0 && this.#use(since)) return undefined
    if (this.#isClosed || signal.aborted) return Promise.resolve({ kind: 'givenUp' })
    return new Promise((resolve) => {
      const giveUp = (): void => this.#leave(waiter, { kind: 'givenUp' })
      const end = (entry: Entry): void => {
        signal.removeEventListener('abort', giveUp)
        resolve(entry)
      }
      // While nobody may ask the last answer is about this one, too.
      const waiter: Waiter = { since, holdMs, waitsInPlace, end, isLate: this.#cancelPause !== undefined }
      signal.addEventListener('abort', giveUp, { once: true })
      this.#waiting.push(waiter)
      this.#goOn()
      const ahead = this.#waiting.indexOf(waiter) - this.#stock.count(since)
      if (waiter.isLate && ahead >= 0) this.#judgeOne(waiter, ahead, since)
    })
  }

  pause(forMs: number): void {
    const { budgets, log } = this.#parts
    const pausing = budgets.pause(this.#place.key, forMs)
    pausing.catch((err: unknown) => log.warn({ ...this.#labels, err }, 'pause of a rate budget not noted'))
  }

  close(): void {
    this.#isClosed = true
    for (const waiter of this.#waiting.toReversed()) this.#leave(waiter, { kind: 'givenUp' })
    this.#cancelPause?.()
    this.#cancelLook?.()
  }

  /** The terms may change at any time. */
  #take(budget: BudgetInUse): void {
    if (budget === this.#budget) return
    const { requests, perSeconds, burst } = this.#budget ?? {}
    this.#budget = budget
    if (requests === budget.requests && perSeconds === budget.perSeconds && burst === budget.burst) return
    this.#terms = permitTerms(budget)
    this.#nextAt = 0
    this.#resume()
  }

  #use(now: number): boolean {
    if (!this.#stock.use(now)) return false
    // What was used in a moment is forgotten with the next one, or the one after.
    if (Math.abs(now - this.#usedSince) >= this.#terms.aheadMs) {
      this.#used = 0
      this.#usedSince = now
    }
    this.#used += 1
    return true
  }

  /** Lets through whoever may go, and asks for those who may not. */
  #goOn(): void {
    const now = this.#parts.clock.now()
    for (let [next] = this.#waiting; next !== undefined && this.#use(now); [next] = this.#waiting) {
      this.#leave(next, { kind: 'entered' })
    }
    if (this.#waiting.length === 0) return this.#cancelLook?.()
    if (this.#waiting.length > this.#stock.count(now)) this.#ask(now)
    this.#lookAgain(now)
  }

  #lookAgain(now: number): void {
    this.#cancelLook?.()
    const nextInMs = (this.#stock.nextAt() ?? now + lookMs) - now
    this.#cancelLook = this.#parts.clock.setTimer(Math.min(Math.max(nextInMs, 0), lookMs), () => {
      this.#judge()
      this.#goOn()
    })
  }

  #ask(now: number): void {
    if (this.#isAsking || this.#cancelPause !== undefined || this.#isClosed) return
    this.#isAsking = true
    const { key } = this.#place
    const need = { waiting: this.#waiting.length, inStock: this.#stock.count(now), used: this.#used }
    const ask = planAsk(this.#terms, need)
    this.#parts.budgets.take(key, ask).then(
      (answer) => this.#onAnswer(answer, ask),
      (error: unknown) => this.#onSilence(error),
    )
  }

  #onAnswer(answer: PermitAnswer, ask: PermitAsk): void {
    const { clock, log } = this.#parts
    if (this.#isSilent) log.info(this.#labels, 'permits of a rate budget are known again')
    this.#isSilent = false
    this.#isAsking = false
    const now = clock.now()
    const { intervalMs, aheadMs } = ask
    const count = answer.kind === 'taken' ? answer.count : 0
    if (answer.kind === 'taken') {
      const from = now + answer.firstInMs
      this.#stock.add({ count, from, intervalMs, takenAt: now, goodForMs: aheadMs })
      this.#nextAt = from + count * intervalMs
    } else {
      this.#nextAt = now + answer.againMs + aheadMs
    }
    // More at once would take what others are about to ask for.
    if (count < ask.wanted)
      this.#rest(Math.max(answer.kind === 'none' ? answer.againMs : 0, this.#fairPauseMs(aheadMs)))
    this.#afterAnswer()
  }

  #onSilence(error: unknown): void {
    const { log, observer } = this.#parts
    const { namespace, app } = this.#place
    if (!this.#isSilent) log.warn({ ...this.#labels, err: error }, 'permits of a rate budget not known: requests wait')
    this.#isSilent = true
    this.#isAsking = false
    observer.onBudgetUnknown?.(namespace, app)
    this.#rest(unknownMs)
    this.#afterAnswer()
  }

  #afterAnswer(): void {
    if (this.#isClosed) return
    this.#goOn()
    for (const waiter of this.#waiting) waiter.isLate = true
    this.#judge()
  }

  #fairPauseMs(aheadMs: number): number {
    const { random = Math.random } = this.#parts
    return (aheadMs / 4) * (0.5 + random())
  }

  #rest(forMs: number): void {
    this.#resume()
    if (this.#isClosed) return
    this.#cancelPause = this.#parts.clock.setTimer(forMs, () => {
      this.#cancelPause = undefined
      this.#goOn()
    })
  }

  #resume(): void {
    this.#cancelPause?.()
    this.#cancelPause = undefined
  }

  /** Parks those whose wait is too long. */
  #judge(): void {
    const now = this.#parts.clock.now()
    let ahead = 0
    for (const waiter of this.#waiting.slice(this.#stock.count(now))) {
      if (!waiter.isLate || this.#judgeOne(waiter, ahead, now) === 'hold') ahead += 1
    }
  }

  #judgeOne(waiter: Waiter, ahead: number, now: number): 'hold' | 'park' {
    const { since, holdMs, waitsInPlace } = waiter
    const { intervalMs } = this.#terms
    const nextInMs = this.#isSilent ? unknownMs : Math.max(0, this.#nextAt - now)
    const parked = waitsInPlace ? 0 : this.#parked.count(now)
    const verdict = judgeWait({ heldMs: now - since, holdMs, ahead, nextInMs, intervalMs, parked })
    if (verdict.kind === 'hold') return 'hold'
    if (!waitsInPlace) this.#parked.add(now + verdict.afterMs)
    this.#leave(waiter, { kind: 'later', afterMs: verdict.afterMs })
    return 'park'
  }

  #leave(waiter: Waiter, entry: Entry): void {
    const at = this.#waiting.indexOf(waiter)
    if (at === -1) return
    this.#waiting.splice(at, 1)
    const { namespace, app } = this.#place
    const end = entry.kind === 'later' ? 'parked' : entry.kind === 'givenUp' ? 'givenBack' : 'held'
    if (waiter.isLate) this.#parts.observer.onBudgetWait?.(namespace, app, end)
    waiter.end(entry)
  }

  get #labels(): object {
    const { namespace, app } = this.#place
    return { namespace, app }
  }
}
