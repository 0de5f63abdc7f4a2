/** Permits that this process has taken and not used yet. */
export interface PermitStock {
  readonly add: (batch: PermitBatch) => void
  /** Uses one that is there. */
  readonly use: (now: number) => boolean
  readonly count: (now: number) => number
  /** When the next one is there; undefined without one. */
  readonly nextAt: () => number | undefined
}

export interface PermitBatch {
  readonly count: number
  /** Of the first, in milliseconds since 1970. */
  readonly from: number
  readonly intervalMs: number
  readonly takenAt: number
  /** Good for so long after its time, and after the taking: used later, it would come beside those of others. */
  readonly goodForMs: number
}

interface Kept extends PermitBatch {
  /** Used, or no longer good. */
  spent: number
}

export function openPermitStock(): PermitStock {
  const batches: Kept[] = []

  /** Without what is too old; and without what is too far away, which means that the clock was set back. */
  const current = (now: number): Kept | undefined => {
    for (let head = batches[0]; head !== undefined; head = batches[0]) {
      if (head.takenAt <= now && now <= head.takenAt + head.goodForMs) return head
      while (head.spent < head.count && goodUntil(head) < now) head.spent += 1
      if (head.spent < head.count && head.takenAt <= now + head.goodForMs) return head
      batches.shift()
    }
    return undefined
  }
  return {
    add: (batch) => void batches.push({ ...batch, spent: 0 }),
    use: (now) => {
      const head = current(now)
      if (head === undefined || timeOf(head) > now) return false
      head.spent += 1
      if (head.spent === head.count) batches.shift()
      return true
    },
    count: (now) => {
      current(now)
      return batches.reduce((sum, { count, spent }) => sum + count - spent, 0)
    },
    nextAt: () => batches[0] && timeOf(batches[0]),
  }
}

function timeOf({ from, intervalMs, spent }: Kept): number {
  return from + spent * intervalMs
}

function goodUntil(batch: Kept): number {
  return Math.max(timeOf(batch), batch.takenAt) + batch.goodForMs
}
