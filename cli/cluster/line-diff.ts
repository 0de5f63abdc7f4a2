export type DiffLine = { readonly kind: 'same' | 'added' | 'removed'; readonly text: string }

/** More would take a second: then everything is taken for changed. */
const mostCells = 4_000_000

/** The lines of two texts as one list: those of both, those that went, those that came. */
export function lineDiff(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const start = commonStart(before, after)
  const end = commonStart(before.slice(start).toReversed(), after.slice(start).toReversed())
  const middle = changed(before.slice(start, before.length - end), after.slice(start, after.length - end))
  const same = (text: string): DiffLine => ({ kind: 'same', text })
  return [...before.slice(0, start).map(same), ...middle, ...before.slice(before.length - end).map(same)]
}

/** Only what changed, with so many lines around it, and marks in front: ` `, `+`, `-`. */
export function diffText(lines: readonly DiffLine[], around = 3): readonly string[] {
  const near = new Set<number>()
  for (const [at, { kind }] of lines.entries()) {
    if (kind === 'same') continue
    for (let other = at - around; other <= at + around; other += 1) near.add(other)
  }
  return lines.flatMap(({ kind, text }, at) => {
    if (near.has(at)) return [`${marks[kind]}${text}`]
    return near.has(at - 1) ? ['…'] : []
  })
}

const marks = { same: ' ', added: '+', removed: '-' } as const

function commonStart(left: readonly string[], right: readonly string[]): number {
  const most = Math.min(left.length, right.length)
  for (let at = 0; at < most; at += 1) if (left[at] !== right[at]) return at
  return most
}

/** By the longest common subsequence. */
function changed(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  if (before.length * after.length > mostCells) return [...before.map(removed), ...after.map(added)]
  const lengths = commonLengths(before, after)
  const lines: DiffLine[] = []
  let [left, right] = [0, 0]
  while (left < before.length && right < after.length) {
    const line = nextLine(
      before.slice(left, left + 1),
      after.slice(right, right + 1),
      () => lengthAt(lengths, left + 1, right) >= lengthAt(lengths, left, right + 1),
    )
    lines.push(line)
    if (line.kind !== 'added') left += 1
    if (line.kind !== 'removed') right += 1
  }
  return [...lines, ...before.slice(left).map(removed), ...after.slice(right).map(added)]
}

function nextLine([old = '']: readonly string[], [young = '']: readonly string[], isOldGone: () => boolean): DiffLine {
  if (old === young) return { kind: 'same', text: old }
  return isOldGone() ? removed(old) : added(young)
}

function removed(text: string): DiffLine {
  return { kind: 'removed', text }
}

function added(text: string): DiffLine {
  return { kind: 'added', text }
}

type Lengths = readonly Uint32Array[]

/** How many lines the rests have in common, from each pair of places on. */
function commonLengths(before: readonly string[], after: readonly string[]): Lengths {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1))
  for (let left = before.length - 1; left >= 0; left -= 1) {
    for (let right = after.length - 1; right >= 0; right -= 1) {
      const row = lengths[left]
      if (row === undefined) continue
      row[right] =
        before[left] === after[right]
          ? lengthAt(lengths, left + 1, right + 1) + 1
          : Math.max(lengthAt(lengths, left + 1, right), lengthAt(lengths, left, right + 1))
    }
  }
  return lengths
}

function lengthAt(lengths: Lengths, left: number, right: number): number {
  return lengths[left]?.[right] ?? 0
}
