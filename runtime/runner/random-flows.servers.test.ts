import { expect, it } from 'vitest'
import { describeOnRabbit, freshVhost } from '../../test/env/servers.ts'
import { runSchedule } from '../../test/rig/random-schedule.ts'
import { realWorld } from '../../test/rig/real-world.ts'

/** `WEIR_SEED` runs the one that failed. */
const seed = process.env['WEIR_SEED']
const seeds = seed === undefined ? Array.from({ length: 6 }, (_, at) => at + 1) : [Number(seed)]

describeOnRabbit('a random flow on RabbitMQ', (rabbit) => {
  it('loses nothing by edits, kills, closes, lost connections and silence together', { timeout: 180_000 }, async () => {
    const results = await Promise.all(
      seeds.map(async (seed) => {
        const vhost = await freshVhost(rabbit)
        try {
          return {
            seed,
            ...(await runSchedule(seed, { withFaults: true, edits: 'finish', world: realWorld(vhost.amqpUrl) })),
          }
        } finally {
          await vhost.close()
        }
      }),
    )
    for (const { seed, activeRuns, unheard, actual, expected } of results) {
      const what = `WEIR_SEED=${seed}`
      expect({ activeRuns, unheard }, what).toEqual({ activeRuns: [], unheard: [] })
      for (const kind of ['finished', 'dead', 'letters', 'discarded', 'filtered'] as const) {
        expect(new Set(actual[kind]), `${what} ${kind}`).toEqual(new Set(expected[kind]))
      }
    }
  })
})
