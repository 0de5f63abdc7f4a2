/** For each publisher the number of the observation that is to come next. */
export type Marks = ReadonlyMap<string, number>

export interface Place {
  readonly publisher: string
  readonly from: number
  readonly count: number
}

export interface Advance {
  readonly marks: Marks
  /** Observations between the last batch of this publisher and this one. */
  readonly missed: number
}

/** More publishers than ever live at a time; the one that was heard of longest ago goes first. */
const mostPublishers = 500

/** What a batch says about those before it. One that comes again, or late, says nothing. */
export function advance(marks: Marks, { publisher, from, count }: Place): Advance {
  const next = marks.get(publisher) ?? 0
  if (from < next) return { marks, missed: 0 }
  const moved = new Map(marks)
  // Behind all others: it was heard of last.
  moved.delete(publisher)
  moved.set(publisher, from + count)
  const tooMany = Math.max(0, moved.size - mostPublishers)
  return { marks: new Map([...moved].slice(tooMany)), missed: from - next }
}
