import { expect, it } from 'vitest'
import { pino } from 'pino'
import type { Clock } from '../../kube/clock.ts'
import { simulatedClock } from '../../runtime/clock.ts'
import { openFloodGate } from './flood-gate.ts'

const never = new AbortController().signal

function open() {
  const base = simulatedClock()
  const clock: Clock = { ...base, elapsed: base.now }
  const world = { isUp: true, probes: [] as number[], changes: 0 }
  const gate = openFloodGate({
    server: 'test',
    clock,
    log: pino({ level: 'silent' }),
    random: () => 0.999_999,
    probe: async () => {
      world.probes.push(base.now())
      if (!world.isUp) throw new Error('down')
    },
  })
  gate.onChange(() => (world.changes += 1))
  return { gate, world, advance: base.advance }
}

it('is open until somebody finds the server down, and asks it once however many find it', async () => {
  const { gate, world } = open()
  await gate.whenOpen(never)
  world.isUp = false
  const answers = await Promise.all([gate.check(), gate.check(), gate.check()])
  expect(answers).toEqual([false, false, false])
  expect(world.probes).toHaveLength(1)
  expect(gate.trouble()).toEqual({ reason: 'down', since: 0 })
  expect(world.changes).toBe(1)
  gate.close()
})

it('probes after a second and later each time, up to every five minutes', async () => {
  const { gate, world, advance } = open()
  world.isUp = false
  await gate.check()
  await advance(3_600_000)
  const pauses = world.probes.map((at, index) => Math.round((at - (world.probes[index - 1] ?? 0)) / 1000)).slice(1)
  expect(pauses.slice(0, 10)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300])
  expect(Math.max(...pauses)).toBe(300)
  gate.close()
})

it('lets all who wait through when the server is back, and begins anew with the next failure', async () => {
  const { gate, world, advance } = open()
  world.isUp = false
  await gate.check()
  let passed = 0
  const waiting = Array.from({ length: 100 }, async () => {
    await gate.whenOpen(never)
    passed += 1
  })
  await advance(10_000)
  expect(passed).toBe(0)
  world.isUp = true
  await advance(10_000)
  await Promise.all(waiting)
  expect(gate.trouble()).toBeUndefined()
  expect(world.changes).toBe(2)
  const probes = world.probes.length
  await advance(600_000)
  expect(world.probes).toHaveLength(probes)
  world.isUp = false
  await gate.check()
  await advance(1_001)
  expect(world.probes).toHaveLength(probes + 2)
  gate.close()
})

it('lets nobody wait beyond the end, and probes no more after it', async () => {
  const { gate, world, advance } = open()
  world.isUp = false
  await gate.check()
  const ending = new AbortController()
  const waiting = gate.whenOpen(ending.signal)
  ending.abort(new Error('over'))
  await expect(waiting).rejects.toThrow('over')
  gate.close()
  const probes = world.probes.length
  await advance(3_600_000)
  expect(world.probes).toHaveLength(probes)
})

it('lets nobody wait for a server that it no longer asks', async () => {
  const { gate, world } = open()
  world.isUp = false
  await gate.check()
  const waiting = gate.whenOpen(never)
  gate.close()
  await expect(waiting).rejects.toThrow('the operator is ending')
})
