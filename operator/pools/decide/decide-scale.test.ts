import { describe, expect, it } from 'vitest'
import { decideScale, scalePolicy, type PoolLook, type ScaleMemory, type ScalePolicy } from './decide-scale.ts'

interface World {
  readonly policy?: Partial<ScalePolicy>
  /** Messages that come in a second. */
  readonly arrivals: (second: number) => number
  /** Messages that a pod finishes in a second. */
  readonly perPod: number
  readonly startSeconds?: number
  readonly heldPerPod?: number
  readonly single?: number
  readonly hasFigures?: (second: number) => boolean
  readonly replicas?: number
}

interface Seen {
  readonly replicas: readonly number[]
  readonly backlogs: readonly number[]
  readonly changes: number
}

/** Messages and pods as they would go: pods take a while to start, runners hold messages ahead. */
class Pool {
  readonly #world: World
  readonly #startedAt: number[]
  #owed = 0
  ready = 0
  held = 0
  settled = 0

  constructor(world: World, replicas: number) {
    this.#world = world
    this.#startedAt = Array.from({ length: replicas }, () => 0)
  }

  get replicas(): number {
    return this.#startedAt.length
  }

  working(second: number): number {
    const { startSeconds = 10 } = this.#world
    return this.#startedAt.filter((at) => second >= at + startSeconds).length
  }

  step(second: number): void {
    const { arrivals, perPod, heldPerPod = 50, single = 0 } = this.#world
    const up = this.working(second)
    const useful = single > 0 ? Math.min(up, single) : up
    this.ready += arrivals(second)
    const taken = Math.max(0, Math.min(this.ready, useful * heldPerPod - this.held))
    this.ready -= taken
    this.held += taken
    this.#owed = Math.min(this.held, this.#owed + useful * perPod)
    const finished = Math.floor(this.#owed)
    this.#owed -= finished
    this.held -= finished
    this.settled += finished
  }

  scale(replicas: number, second: number): void {
    while (this.#startedAt.length < replicas) this.#startedAt.push(second)
    this.#startedAt.length = replicas
    // What was held comes back.
    if (replicas === 0) [this.ready, this.held] = [this.ready + this.held, 0]
  }
}

/** The broker's figures are five seconds old at times. */
function simulate(world: World, seconds: number): Seen {
  const { single = 0, hasFigures = () => true } = world
  const policy = { ...scalePolicy(), ...world.policy }
  const pool = new Pool(world, world.replicas ?? policy.min)
  let figures = { settled: 0, unsettled: 0 }
  let memory: ScaleMemory | undefined
  const seen: { replicas: number[]; backlogs: number[] } = { replicas: [], backlogs: [] }
  for (let second = 0; second < seconds; second += 1) {
    pool.step(second)
    if (second % 5 === 0) figures = { settled: pool.settled, unsettled: pool.held }
    const look: PoolLook = {
      at: second * 1000,
      backlog: pool.ready,
      singleQueues: single,
      sharedQueues: single > 0 ? 0 : 1,
      replicas: pool.replicas,
      ready: pool.working(second),
      ...(hasFigures(second) && { figures }),
    }
    const decision = decideScale(memory, look, policy)
    memory = decision.memory
    pool.scale(decision.replicas, second)
    seen.replicas.push(decision.replicas)
    seen.backlogs.push(pool.ready)
  }
  const changes = seen.replicas.filter((count, at) => at > 0 && count !== seen.replicas[at - 1]).length
  return { ...seen, changes }
}

/** The same numbers each time. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

const from = (second: number, values: readonly number[]): readonly number[] => values.slice(second)

describe('scalePolicy', () => {
  it('has a default for each field, and lets a minimum move the default maximum', () => {
    expect(scalePolicy()).toEqual({ min: 0, max: 10, idleSeconds: 300, targetDrainSeconds: 60 })
    expect(scalePolicy({ min: 20 })).toMatchObject({ min: 20, max: 20 })
    expect(scalePolicy({ min: 1, max: 2, idleSeconds: 5 })).toMatchObject({ min: 1, max: 2, idleSeconds: 5 })
  })
})

describe('decideScale', () => {
  it('starts an empty pool at its first message, and ends it when nothing was done for long', () => {
    const { replicas, changes } = simulate({ arrivals: (second) => (second === 20 ? 1 : 0), perPod: 5 }, 400)
    expect(replicas.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 0))
    expect(replicas[20]).toBe(1)
    expect(replicas.slice(20, 320).every((count) => count === 1)).toBe(true)
    expect(replicas.at(-1)).toBe(0)
    expect(changes).toBe(2)
  })

  it('keeps a pool that works though nothing ever waits', () => {
    const { replicas } = simulate({ arrivals: (second) => (second % 7 === 0 ? 1 : 0), perPod: 5 }, 2_000)
    expect(from(1, replicas).every((count) => count === 1)).toBe(true)
  })

  it('keeps the minimum', () => {
    const { replicas } = simulate({ arrivals: () => 0, perPod: 5, policy: { min: 2 } }, 1_000)
    expect(new Set(replicas)).toEqual(new Set([2]))
  })

  it('is calm under noise', () => {
    const random = noise(7)
    const arrivals = (): number => Math.floor(random() * 9)
    const { changes, replicas } = simulate({ arrivals, perPod: 5, policy: { min: 1 } }, 7_200)
    expect(changes).toBeLessThanOrEqual(3)
    expect(Math.max(...replicas)).toBeLessThanOrEqual(3)
  })

  it('is calm where load is just at the edge of one pod more', () => {
    const random = noise(3)
    const arrivals = (second: number): number => 10 + Math.round(Math.sin(second / 60) * 2 + random() * 4 - 2)
    const { changes } = simulate({ arrivals, perPod: 5, policy: { min: 1 } }, 7_200)
    expect(changes).toBeLessThanOrEqual(6)
  })

  it('lets a spike pass that is gone in time anyway', () => {
    const { replicas } = simulate({ arrivals: (second) => (second === 100 ? 150 : 1), perPod: 5 }, 300)
    expect(new Set(from(1, replicas))).toEqual(new Set([1]))
  })

  it('goes up with a step in load until the backlog falls, and stays there', () => {
    const { replicas, backlogs, changes } = simulate(
      { arrivals: (second) => (second < 100 ? 1 : 30), perPod: 5, policy: { max: 20 } },
      900,
    )
    expect(replicas.at(-1)).toBeGreaterThanOrEqual(6)
    expect(replicas.at(-1)).toBeLessThanOrEqual(12)
    expect(backlogs.at(-1)).toBe(0)
    expect(changes).toBeLessThanOrEqual(7)
  })

  it('works off what was piled up within about the target, and gives the pods back', () => {
    const { replicas, backlogs } = simulate(
      { arrivals: (second) => (second === 0 ? 6_000 : 0), perPod: 10, policy: { max: 20 } },
      1_000,
    )
    expect(backlogs.findIndex((count) => count === 0)).toBeLessThan(200)
    expect(Math.max(...replicas)).toBeGreaterThanOrEqual(8)
    expect(replicas.at(-1)).toBe(0)
  })

  it('never asks for more than the maximum, whatever waits', () => {
    const { replicas } = simulate({ arrivals: () => 1_000, perPod: 1, policy: { max: 3 } }, 500)
    expect(Math.max(...replicas)).toBe(3)
  })

  it('gives a queue that one consumer has at a time no second pod', () => {
    const { replicas } = simulate({ arrivals: () => 20, perPod: 1, single: 1 }, 500)
    expect(Math.max(...replicas)).toBe(1)
    const three = simulate({ arrivals: () => 20, perPod: 1, single: 3 }, 500)
    expect(Math.max(...three.replicas)).toBe(3)
  })

  it('finds its way without the broker’s figures, and stops no pod as long as nobody knows whether it works', () => {
    const blind = { hasFigures: () => false, perPod: 5 }
    const busy = simulate({ ...blind, arrivals: () => 18, policy: { max: 8 } }, 600)
    expect(busy.replicas.at(-1)).toBeGreaterThanOrEqual(4)
    expect(busy.backlogs.at(-1)).toBe(0)
    const idle = simulate({ ...blind, arrivals: (second) => (second === 0 ? 1 : 0) }, 2_000)
    expect(idle.replicas.at(-1)).toBe(1)
    const later = simulate(
      { ...blind, arrivals: (second) => (second === 0 ? 1 : 0), hasFigures: (at) => at > 1_000 },
      2_000,
    )
    expect(later.replicas.at(-1)).toBe(0)
  })

  it('does not add pods while those that it has asked for do not come', () => {
    const { replicas } = simulate({ arrivals: () => 100, perPod: 5, startSeconds: 10_000 }, 600)
    expect(new Set(replicas)).toEqual(new Set([1]))
  })

  it('takes nothing away right after a start: what was before is not known', () => {
    const { replicas } = simulate({ arrivals: () => 0, perPod: 5, replicas: 4, startSeconds: 0 }, 299)
    expect(new Set(replicas)).toEqual(new Set([4]))
  })
})
