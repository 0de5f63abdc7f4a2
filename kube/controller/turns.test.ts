import { expect, it } from 'vitest'
import { openController } from './controller.ts'
import type { Source } from './sources.ts'

it('lets timers have their turn among thousands of reconciles that wait for nothing', async () => {
  const keys = Array.from({ length: 1_000 }, (_, at) => `key-${at}`)
  const source: Source = {
    synced: Promise.resolve(),
    subscribe: (enqueue) => {
      for (const key of keys) enqueue(key, 'startUp')
      return () => {}
    },
  }
  let elapsedMs = 0
  const clock = { now: Date.now, elapsed: () => elapsedMs, setTimer: () => () => {} }
  const stop = new AbortController()
  const ended = Promise.withResolvers<void>()
  let reconciled = 0
  let sinceTurn = 0
  let mostBetweenTurns = 0
  const controller = openController({
    name: 'busy',
    clock,
    sources: [source],
    reconcile: async () => {
      reconciled += 1
      elapsedMs += 1
      mostBetweenTurns = Math.max(mostBetweenTurns, (sinceTurn += 1))
      if (reconciled === keys.length) ended.resolve()
      return { kind: 'done' }
    },
  })
  const onTurn = (): void => {
    sinceTurn = 0
    if (reconciled < keys.length) setImmediate(onTurn)
  }
  const running = controller.run(stop.signal)
  setImmediate(onTurn)
  await ended.promise
  stop.abort()
  await running
  // As many as fit into a slice, and those that its workers had begun.
  expect(mostBetweenTurns).toBeLessThanOrEqual(20)
})

it('takes what has become urgent meanwhile first when it goes on', async () => {
  let enqueueLater: (key: string) => void = () => {}
  const source: Source = {
    synced: Promise.resolve(),
    subscribe: (enqueue) => {
      for (let at = 0; at < 500; at += 1) enqueue(`key-${at}`, 'startUp')
      enqueueLater = (key) => enqueue(key, 'user')
      return () => {}
    },
  }
  let elapsedMs = 0
  const clock = { now: Date.now, elapsed: () => elapsedMs, setTimer: () => () => {} }
  const seen: string[] = []
  const stop = new AbortController()
  const edited = Promise.withResolvers<void>()
  const controller = openController({
    name: 'busy',
    clock,
    sources: [source],
    reconcile: async (key) => {
      seen.push(key)
      elapsedMs += 1
      if (key === 'edited') edited.resolve()
      return { kind: 'done' }
    },
  })
  const running = controller.run(stop.signal)
  setImmediate(() => enqueueLater('edited'))
  await edited.promise
  stop.abort()
  await running
  expect(seen.length).toBeLessThan(100)
})
