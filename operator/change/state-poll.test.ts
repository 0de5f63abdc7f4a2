import { pino } from 'pino'
import { expect, it } from 'vitest'
import { simulatedClock } from '../../runtime/clock.ts'
import { openMemoryStore } from '../../runtime/store/memory-store.ts'
import { openStatePoll } from './state-poll.ts'

it('lets all else have its turn while it looks at many flows of which there is nothing to do', async () => {
  const clock = simulatedClock(0)
  const store = openMemoryStore({ clock })
  for (let at = 0; at < 200; at += 1) {
    const lists = { kept: [], living: [], retiring: [] }
    const names = { flow: `flow-${at}`, namespace: 'default', name: `orders-${at}` }
    await store.flows.put({ ...names, ...lists, lastRevision: 1, suspended: true, frozen: false }, 0)
  }
  const parts = { clock, store, log: pino({ level: 'silent' }), onChange: () => {} }
  let [looks, turns] = [0, 0]
  const poll = openStatePoll(parts, async () => {
    looks += 1
    const until = performance.now() + 1
    while (performance.now() < until);
  })
  const count = (): void => {
    turns += 1
    if (looks < 200) setImmediate(count)
  }
  setImmediate(count)
  await poll.all()
  await poll.close()
  expect(looks).toBe(200)
  // 200 ms of work, and a turn every ten.
  expect(turns).toBeGreaterThan(5)
})
