import { expect, it } from 'vitest'
import { openGivenAddresses } from './given-addresses.ts'

it('are as whoever asked last found them, though an older write takes longer', async () => {
  const world = { now: 'shared', written: '' }
  const slow = Promise.withResolvers<void>()
  const given = openGivenAddresses({
    apply: async () => {
      const wanted = world.now
      if (wanted === 'shared') await slow.promise
      return (world.written = wanted)
    },
    onChange: () => {},
  })
  const older = given.give()
  // It has begun.
  await Promise.resolve()
  world.now = 'own'
  const newer = given.give()
  await new Promise((resolve) => setImmediate(resolve))
  slow.resolve()
  await Promise.all([older, newer])
  expect([world.written, given.connection()?.version]).toEqual(['own', 'own'])
})

it('stay known when they cannot be written again, and are told of when they are others', async () => {
  let version: string | undefined
  const told: unknown[] = []
  const given = openGivenAddresses({
    apply: async () => version,
    onChange: () => told.push(given.connection()?.version),
  })
  await given.give()
  expect(given.connection()).toBeUndefined()
  for (version of ['first', 'first', undefined, 'first']) await given.give()
  expect(given.connection()).toMatchObject({ secret: 'weir-runner', version: 'first' })
  version = 'second'
  await given.give()
  expect(told).toEqual(['first', 'second'])
})
