interface Waiter {
  readonly resolve: (entered: boolean) => void
}

/** Lets a message that may end its runner run with nothing else running beside it. */
export class Solitude {
  readonly #ordinary = new Set<Waiter>()
  readonly #lonely = new Set<Waiter>()
  #running = 0
  #isAlone = false

  /**
   * Begins ordinary work: undefined at once, unless something runs alone or waits to; else it resolves when the work may begin, with
   * false when it was given up before.
   *
   * @param signal asked for only when there is a wait
   */
  enter(signal: () => AbortSignal): Promise<boolean> | undefined {
    if (this.#isAlone || this.#lonely.size > 0) return this.#wait(this.#ordinary, signal())
    this.#running += 1
    return undefined
  }

  leave(): void {
    this.#running -= 1
    if (this.#running === 0 && this.#lonely.size > 0) this.#letIn()
  }

  /** Resolves when nothing else runs here, with false when it was given up before. */
  enterAlone(signal: AbortSignal): Promise<boolean> {
    const entered = this.#wait(this.#lonely, signal)
    this.#letIn()
    return entered
  }

  leaveAlone(): void {
    this.#isAlone = false
    this.#letIn()
  }

  /** Something waits to be alone: whoever holds it up for others' sake must go on. */
  get isWanted(): boolean {
    return this.#lonely.size > 0
  }

  #wait(waiters: Set<Waiter>, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const giveUp = (): void => {
        if (!waiters.delete(waiter)) return
        resolve(false)
        this.#letIn()
      }
      const waiter: Waiter = {
        resolve: (entered) => {
          signal.removeEventListener('abort', giveUp)
          resolve(entered)
        },
      }
      waiters.add(waiter)
      if (signal.aborted) giveUp()
      else signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  #letIn(): void {
    if (this.#isAlone) return
    const [next] = this.#lonely
    if (next === undefined) return this.#letInOrdinary()
    if (this.#running > 0) return
    this.#lonely.delete(next)
    this.#isAlone = true
    next.resolve(true)
  }

  #letInOrdinary(): void {
    for (const waiter of this.#ordinary) {
      this.#running += 1
      waiter.resolve(true)
    }
    this.#ordinary.clear()
  }
}
