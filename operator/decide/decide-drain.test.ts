import { describe, expect, it } from 'vitest'
import { decideDrained } from './decide-drain.ts'

const counted = { since: 0, looks: 3, emptyMs: 10_000, isAllCounted: true, countedLateMs: 0, longestCallMs: 60_000 }
const late = { ...counted, countedLateMs: 6000 }
const hidden = { ...counted, isAllCounted: false }

describe('the queues of a deleted flow are drained', () => {
  it.each([
    { name: 'when they have stayed empty for 10 s', ...counted, now: 10_000, want: true },
    { name: 'no earlier', ...counted, now: 9999, want: false },
    { name: 'and not by two looks, whatever the clock says', ...counted, now: 90_000, looks: 2, want: false },
    { name: 'at the first look where nothing has to last', ...counted, emptyMs: 0, looks: 1, now: 0, want: true },
    { name: 'no earlier than what is told late can show', ...late, now: 15_999, want: false },
    { name: 'and not much later', ...late, now: 16_000, want: true },
    { name: 'not after 10 s where nobody can tell what is worked on', ...hidden, now: 10_000, want: false },
    { name: 'there not before two of the longest calls are over', ...hidden, now: 120_999, want: false },
    { name: 'but a second after that', ...hidden, now: 121_000, want: true },
    { name: 'there never before the usual time', ...hidden, longestCallMs: 1000, now: 9999, want: false },
    { name: 'and there only by more than one look', ...hidden, emptyMs: 0, looks: 1, now: 900_000, want: false },
  ])('$name', ({ name: _name, want, ...facts }) => {
    expect(decideDrained(facts)).toBe(want)
  })
})
