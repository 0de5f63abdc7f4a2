/** One frame to the server. */
export interface AckFrame {
  readonly deliveryTag: number
  /** It and all before it that are not settled. */
  readonly multiple: boolean
}

/** How long the watermark may stand still before what lies above it is acknowledged singly. */
export const stallMs = 50

const held = 0
const acked = 1
/** The server knows: given back, or acknowledged singly. */
const told = 2

/**
 * Which deliveries of one channel are settled, and what of that the server is still to be told: one frame up to the
 * contiguous watermark, and singly what lies above one that stands still. Delivery tags count from 1 without gaps.
 */
export class AckLedger {
  /** States from tag `#base` on. */
  #states: number[] = []
  #base = 1
  /** Index of the first that is held. */
  #head = 0
  /** The highest below the head that was acknowledged and not told of, 0 when there is none. */
  #mark = 0
  /** How many above the head are acknowledged and not told of. */
  #above = 0
  #movedAt = 0

  delivered(tag: number, nowMs: number): void {
    if (this.#head === this.#states.length) this.#movedAt = nowMs
    if (this.#states.length === 0) this.#base = tag
    this.#states.push(held)
  }

  /** False when it was settled before. */
  ack(tag: number, nowMs: number): boolean {
    const at = tag - this.#base
    if (this.#states[at] !== held) return false
    this.#states[at] = acked
    if (at === this.#head) this.#advance(nowMs)
    else this.#above += 1
    return true
  }

  /** False when it was settled before. True: the server is to be told at once, before the next frames. */
  requeue(tag: number, nowMs: number): boolean {
    const at = tag - this.#base
    if (this.#states[at] !== held) return false
    this.#states[at] = told
    if (at === this.#head) this.#advance(nowMs)
    return true
  }

  /** What the server is to be told now. */
  take(nowMs: number): readonly AckFrame[] {
    const frames: AckFrame[] = []
    if (this.#mark > 0) frames.push({ deliveryTag: this.#mark, multiple: true })
    this.#mark = 0
    if (this.#above > 0 && this.#stoodMs(nowMs) >= stallMs) this.#takeSingly(frames)
    return frames
  }

  /** In how many milliseconds `take` is to be asked again though nothing is settled meanwhile; undefined when it need not be. */
  stalledInMs(nowMs: number): number | undefined {
    return this.#above === 0 ? undefined : Math.max(0, stallMs - this.#stoodMs(nowMs))
  }

  #stoodMs(nowMs: number): number {
    // A clock that was set back would have it stand for as long as it was set back by.
    if (nowMs < this.#movedAt) this.#movedAt = nowMs
    return nowMs - this.#movedAt
  }

  #takeSingly(frames: AckFrame[]): void {
    for (let at = this.#head; this.#above > 0; at += 1) {
      if (this.#states[at] !== acked) continue
      this.#states[at] = told
      this.#above -= 1
      frames.push({ deliveryTag: this.#base + at, multiple: false })
    }
  }

  #advance(nowMs: number): void {
    const from = this.#head
    while (this.#head < this.#states.length && this.#states[this.#head] !== held) {
      if (this.#states[this.#head] === acked) {
        this.#mark = this.#base + this.#head
        // The first was never counted: it was at the head.
        if (this.#head > from) this.#above -= 1
      }
      this.#head += 1
    }
    this.#movedAt = nowMs
    if (this.#head >= 1024 && this.#head * 2 >= this.#states.length) this.#forget()
  }

  #forget(): void {
    this.#states = this.#states.slice(this.#head)
    this.#base += this.#head
    this.#head = 0
  }
}
