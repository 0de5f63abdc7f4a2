import { expect, it } from 'vitest'
import { openGivenAddresses } from './given-addresses.ts'

it('are as whoever asked last found them, though an older write takes longer', async () => {
  const world = { now: 'shared', written: '' }
  const slow = Promise.withResolvers<void>()
  const given = openGivenAddresses(async () => {
    const wanted = world.now
    if (wanted === 'shared') await slow.promise
    return (world.written = wanted)
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

it('stay known when they cannot be written again', async () => {
  let version: string | undefined
  const given = openGivenAddresses(async () => version)
  await given.give()
  expect(given.connection()).toBeUndefined()
  version = 'first'
  await given.give()
  version = undefined
  await given.give()
  expect(given.connection()).toMatchObject({ secret: 'weir-runner', version: 'first' })
})
