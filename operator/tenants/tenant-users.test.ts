import { expect, it } from 'vitest'
import { pino } from 'pino'
import type { Clock } from '../../kube/clock.ts'
import { simulatedClock } from '../../runtime/clock.ts'
import { PermanentError, TransientError } from '../../runtime/error.ts'
import { openFloodGate } from './flood-gate.ts'
import { noUsers, openTenantUsers, type TenantUsers } from './tenant-users.ts'
import { openUsersGate } from './users-gate.ts'

const lines: { readonly code?: string; readonly reason?: string }[] = []
const log = pino({ level: 'warn' }, { write: (line) => void lines.push(JSON.parse(line) as object) })
const refusal = (): Error => new PermanentError('StoreUsersRefused', 'MongoDB does not let users be made')
const outage = (): Error => new TransientError('StoreUnreachable', 'MongoDB cannot be reached')

function open() {
  const base = simulatedClock()
  const clock: Clock = { ...base, elapsed: base.now }
  const world = {
    failure: undefined as (() => Error) | undefined,
    isSilent: false,
    made: 0,
    dropped: 0,
    late: 0,
    troubles: [] as unknown[],
    tries: 0,
  }
  const probe = async (): Promise<void> => {
    if (world.failure === outage) throw outage()
  }
  const random = (): number => 0.999_999
  const gates = {
    store: openFloodGate({ server: 'MongoDB', clock, log, random, probe }),
    users: openUsersGate({ server: 'users of MongoDB', clock, log, random }),
  }
  const ending = new AbortController()
  const openOne = () => {
    const users: TenantUsers = openTenantUsers({
      provision: async () => {
        world.tries += 1
        while (world.isSilent) await new Promise<void>((resolve) => base.setTimer(100, resolve))
        if (world.failure !== undefined) throw world.failure()
        world.made += 1
      },
      drop: async () => {
        if (world.failure !== undefined) throw world.failure()
        world.dropped += 1
      },
      gates,
      onLate: async () => void (world.late += 1),
      onTrouble: () => world.troubles.push(users.trouble()?.reason),
      clock,
      log,
      signal: ending.signal,
    })
    return users
  }
  const close = (): void => {
    ending.abort(new Error('the test is over'))
    gates.store.close()
    gates.users.close()
  }
  return { openOne, world, gates, advance: base.advance, close }
}

it('makes them before it is done, and again when it is asked again', async () => {
  const { openOne, world, close } = open()
  const users = openOne()
  expect(users.areThere()).toBe(false)
  await users.make()
  await users.make()
  expect([users.areThere(), world.made, world.late]).toEqual([true, 2, 0])
  close()
})

it('does not wait for a server that is down, and makes them when that is back', async () => {
  const { openOne, world, gates, advance, close } = open()
  world.failure = outage
  const users = openOne()
  await users.make()
  expect(users.areThere()).toBe(false)
  await advance(60_000)
  expect([world.tries, gates.users.trouble()]).toEqual([1, undefined])
  expect(gates.store.trouble()?.reason).toContain('cannot be reached')
  // Whoever asks meanwhile waits for nothing.
  await users.make()
  world.failure = undefined
  await advance(300_000)
  expect([users.areThere(), world.made, world.late]).toEqual([true, 1, 1])
  close()
})

it('waits for a server that answers nothing no longer than some seconds', async () => {
  const { openOne, world, advance, close } = open()
  world.isSilent = true
  const users = openOne()
  let isDone = false
  const making = users.make().then(() => (isDone = true))
  await advance(4_000)
  expect(isDone).toBe(false)
  await advance(1_500)
  await making
  expect(users.areThere()).toBe(false)
  world.isSilent = false
  await advance(1_000)
  expect([users.areThere(), world.late]).toEqual([true, 1])
  close()
})

it('says once that it is refused, asks by one of many, and goes on with all when it is not', async () => {
  const { openOne, world, gates, advance, close } = open()
  world.failure = refusal
  const all = Array.from({ length: 50 }, openOne)
  await Promise.all(all.map((one) => one.make()))
  expect(gates.users.trouble()?.reason).toContain('does not let users be made')
  expect(gates.store.trouble()).toBeUndefined()
  const before = world.tries
  await advance(3_600_000)
  // One after 1, 2, 4, … 256 and then every 300 seconds.
  expect(world.tries - before).toBeLessThan(25)
  // That it is down meanwhile takes nothing back.
  world.failure = outage
  await advance(600_000)
  expect(gates.users.trouble()?.reason).toContain('does not let users be made')
  world.failure = undefined
  await advance(600_000)
  expect(gates.users.trouble()).toBeUndefined()
  expect(all.every((one) => one.areThere())).toBe(true)
  expect(world.late).toBe(50)
  close()
})

it('says what else keeps them from being made, when that does not pass, and once in the log', async () => {
  const { openOne, world, gates, advance, close } = open()
  const forbidden = (): Error => new PermanentError('StoreAccessRefused', 'MongoDB lets no index be made')
  const busy = (): Error => new TransientError('StoreUnavailable', 'MongoDB is busy')
  world.failure = busy
  const users = openOne()
  lines.length = 0
  await users.make()
  // It may be over in a moment.
  expect([users.trouble(), world.troubles]).toEqual([undefined, []])
  await advance(60_000)
  expect(users.trouble()).toEqual({ reason: 'StoreUnavailable', message: 'MongoDB is busy' })
  world.failure = forbidden
  await advance(600_000)
  expect(users.trouble()).toEqual({ reason: 'StoreAccessRefused', message: 'MongoDB lets no index be made' })
  expect(Object.values(gates).map((gate) => gate.trouble())).toEqual([undefined, undefined])
  // A refusal, and an outage, are told by their gates.
  world.failure = refusal
  await advance(60_000)
  expect(users.trouble()).toMatchObject({ reason: 'StoreUsersRefused' })
  world.failure = busy
  await advance(600_000)
  world.failure = outage
  await advance(60_000)
  await gates.store.check()
  world.failure = undefined
  await advance(900_000)
  expect([users.areThere(), users.trouble()]).toEqual([true, undefined])
  expect(world.troubles[0]).toBe('StoreUnavailable')
  expect(world.troubles.at(-1)).toBeUndefined()
  const told = lines.filter(({ code }) => code !== undefined).map(({ code, reason }) => [code, reason])
  expect(told).toEqual([
    ['StoreUnavailable', 'MongoDB is busy'],
    ['StoreAccessRefused', 'MongoDB lets no index be made'],
  ])
  close()
})

it('takes them back, and makes none after that, whoever asks', async () => {
  const { openOne, world, gates, advance, close } = open()
  const users = openOne()
  await users.make()
  await users.remove()
  await users.make()
  expect([users.areThere(), world.made, world.dropped]).toEqual([false, 1, 1])
  // One that was refused for does so no more, and the gate asks by it for nothing.
  world.failure = refusal
  const other = openOne()
  await other.make()
  await other.remove()
  const before = world.tries
  await advance(10_000)
  expect([world.tries, gates.users.trouble()]).toEqual([before, undefined])
  close()
})

it('is not removed from a server that is down: that is to be tried again', async () => {
  const { openOne, world, close } = open()
  const users = openOne()
  await users.make()
  world.failure = outage
  await expect(users.remove()).rejects.toMatchObject({ code: 'StoreUnreachable' })
  world.failure = undefined
  await users.remove()
  expect(world.dropped).toBe(1)
  await users.remove()
  expect(world.dropped).toBe(1)
  close()
})

it('is removed where none are made any more, unless the server has none at all', async () => {
  const { world, gates, close } = open()
  const failing = async (): Promise<void> => {
    if (world.failure !== undefined) throw world.failure()
    world.dropped += 1
  }
  const users = noUsers({ drop: failing, gates, log })
  world.failure = outage
  await expect(users.remove()).rejects.toMatchObject({ code: 'StoreUnreachable' })
  world.failure = undefined
  await gates.store.check()
  await users.remove()
  expect(world.dropped).toBe(1)
  world.failure = () => new PermanentError('StoreUnusable', 'MongoDB has no such command')
  await noUsers({ drop: failing, gates, log }).remove()
  close()
})
