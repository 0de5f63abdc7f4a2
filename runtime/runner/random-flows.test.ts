import { describe, expect, it } from 'vitest'
import { runSchedule } from '../../test/rig/random-schedule.ts'

/** `WEIR_SCHEDULES` runs more of them, `WEIR_SEED` the one that failed. */
const schedules = Number(process.env['WEIR_SCHEDULES'] ?? 300)
const seed = process.env['WEIR_SEED']
const seeds = seed === undefined ? Array.from({ length: schedules }, (_, at) => at + 1) : [Number(seed)]
const patience = { timeout: 30_000 + schedules * 100 }

describe('a random flow', () => {
  it('ends every message as its model says, each once', patience, async () => {
    for (const seed of seeds) {
      const { expected, actual, left, activeRuns, counts } = await runSchedule(seed, { withFaults: false })
      const what = `WEIR_SEED=${seed}`
      expect({ left, activeRuns }, what).toEqual({ left: 0, activeRuns: [] })
      expect(sorted(actual), what).toEqual(sorted(expected))
      for (const { saved, settled } of counts) expect(saved, what).toBe(settled)
    }
  })

  it('loses nothing when runners are killed and closed at any time', patience, async () => {
    for (const seed of seeds) {
      const { expected, actual, left, activeRuns, counts, faults } = await runSchedule(seed, { withFaults: true })
      const what = `WEIR_SEED=${seed}`
      expect({ left, activeRuns }, what).toEqual({ left: 0, activeRuns: [] })
      // What is more is the same once more: nothing new, nothing missing.
      expect(distinct(actual), what).toEqual(distinct(expected))
      if (faults === 0) expect(sorted(actual), what).toEqual(sorted(expected))
      for (const { saved, settled } of counts) expect(saved, what).toBe(settled)
    }
  })

  it(
    'ends every message as the revision says under which it began, however often the flow is edited',
    patience,
    async () => {
      for (const seed of seeds) {
        const { expected, actual, left, activeRuns, unheard } = await runSchedule(seed, {
          withFaults: false,
          edits: 'finish',
        })
        const what = `WEIR_SEED=${seed}`
        expect({ left, activeRuns, unheard }, what).toEqual({ left: 0, activeRuns: [], unheard: [] })
        expect(sorted(actual), what).toEqual(sorted(expected))
      }
    },
  )

  it('loses nothing by edits, kills, closes, lost connections and silence together', patience, async () => {
    for (const seed of seeds) {
      const { expected, actual, left, activeRuns, unheard } = await runSchedule(seed, {
        withFaults: true,
        edits: 'finish',
      })
      const what = `WEIR_SEED=${seed}`
      expect({ left, activeRuns, unheard }, what).toEqual({ left: 0, activeRuns: [], unheard: [] })
      expect(distinct(actual), what).toEqual(distinct(expected))
    }
  })

  it('whose messages follow its edits ends each of them somewhere, and knows why', patience, async () => {
    for (const seed of seeds) {
      const { actual, left, activeRuns, unheard } = await runSchedule(seed, { withFaults: true, edits: 'follow' })
      const what = `WEIR_SEED=${seed}`
      expect({ left, activeRuns, unheard }, what).toEqual({ left: 0, activeRuns: [], unheard: [] })
      const codes = new Set(actual.dead.map((line) => line.split(' ')[1]))
      for (const code of codes) expect(knownCodes, what).toContain(code)
    }
  })
})

const knownCodes = ['Busy', 'Hopeless', 'ComponentCrashed', 'Refused', 'ExpressionFailed', 'PlanMismatch']

type Ends = Awaited<ReturnType<typeof runSchedule>>['actual']

/** Of what died, one letter for each id. */
function sorted({ finished, dead, letters, discarded, filtered }: Ends): Ends {
  return {
    finished: finished.toSorted(),
    dead: dead.toSorted(),
    letters: unique(letters),
    discarded: discarded.toSorted(),
    filtered: filtered.toSorted(),
  }
}

function distinct({ finished, dead, letters, discarded, filtered }: Ends): Ends {
  return {
    finished: unique(finished),
    dead: unique(dead),
    letters: unique(letters),
    discarded: unique(discarded),
    filtered: unique(filtered),
  }
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)].toSorted()
}
