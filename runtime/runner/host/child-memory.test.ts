import { afterEach, describe, expect, it, vi } from 'vitest'
import type { FixtureCall, TestHost } from '../../../test/system/contract/component-calls.ts'
import { dataOf, openTestHost } from '../../../test/system/contract/component-calls.ts'
import type { ChildMemory, Launch } from './child-launcher.ts'
import { localLauncher } from './local-launcher.ts'

let opened: TestHost[] = []
afterEach(async () => {
  await Promise.all(opened.map((test) => test.host.close(0)))
  opened = []
})

/** Children of a container that leaves them so much; `undefined` while nobody has said how much. */
function hostIn(usableMb: number | undefined) {
  const local = localLauncher()
  const heaps: number[] = []
  let memory: ChildMemory = { kind: 'unknown' }
  let tell = (): void => {}
  const say = (usable: number): void => {
    memory = { kind: 'known', limit: { containerMb: Math.round(usable / 0.8), usableMb: usable } }
    tell()
  }
  if (usableMb !== undefined) say(usableMb)
  const test = openTestHost({
    limits: { minTenureMs: 0 },
    launcher: {
      ...local,
      memory: () => memory,
      onMemory: (listener) => (tell = listener),
      launch: (order: Launch) => {
        heaps.push(order.maxHeapMb)
        return local.launch(order)
      },
    },
  })
  opened.push(test)
  const pidOf = async (key: string, call: Partial<FixtureCall> = {}): Promise<number> => {
    const answer = await test.call({ main: 'state.js', child: { key }, ...call })
    return (dataOf(answer) as { pid: number }).pid
  }
  return { test, heaps, say, pidOf }
}

describe('processes of a container with little memory', () => {
  it('get all of it alone, and even shares of it when several want to run', async () => {
    const { heaps, pidOf, test } = hostIn(300)
    const first = await pidOf('a')
    expect(heaps).toEqual([150])
    const second = await pidOf('b')
    // The one that had everything had to go; it comes back with its share.
    expect(await pidOf('a')).not.toBe(first)
    expect(await pidOf('b')).toBe(second)
    expect(heaps).toEqual([150, 75, 75])
    expect(test.host.stats().children).toBe(2)
  })

  it('take turns where there is not enough for all of them', async () => {
    const { pidOf, test } = hostIn(260)
    const keys = ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd']
    const pids = await Promise.all(keys.map((key) => pidOf(key)))
    expect(pids).toHaveLength(keys.length)
    expect(test.host.stats().children).toBeLessThanOrEqual(2)
  })

  it('are refused where not even one has room, and who reads it knows what to do', async () => {
    const { test, heaps } = hostIn(100)
    const { result } = await test.call({ main: 'state.js' })
    expect(result).toMatchObject({
      kind: 'died',
      failure: {
        code: 'ComponentStartFailed',
        message: expect.stringMatching(
          /125 MB, leaves 100 MB .* one needs 128 MB: raise resources.limits.memory by 35 MB/,
        ),
      },
    })
    expect(heaps).toEqual([])
    expect(test.host.stats()).toMatchObject({ children: 0, waiting: 0 })
  })

  it('wait until somebody has said how much there is', async () => {
    const { test, heaps, say, pidOf } = hostIn(undefined)
    const pid = pidOf('a')
    await vi.waitFor(() => expect(test.host.stats().starving).toBe(1))
    expect(heaps).toEqual([])
    say(200)
    expect(await pid).toBeGreaterThan(0)
    expect(heaps).toEqual([100])
  })
})
