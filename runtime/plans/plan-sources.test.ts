import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { changePlan } from '../../test/samples/change-plan.ts'
import { simulatedClock, systemClock } from '../clock.ts'
import type { PlanSource, WorkList } from '../plan-source.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { openDirectoryPlanSource } from './directory-plan-source.ts'
import { openPlanDirectory } from './plan-directory.ts'
import { openStorePlanSource } from './store-plan-source.ts'

const first = changePlan({ steps: { a: 'f' } })
const second = { ...changePlan({ steps: { a: 'f', b: 'f' } }), revision: 2 }

function stateOf(part: Partial<FlowState> = {}): FlowState {
  return {
    flow: 'uid',
    namespace: 'default',
    name: 'flow',
    lastRevision: 2,
    active: 2,
    kept: [
      { revision: 1, hash: first.hash, activeUntil: 1 },
      { revision: 2, hash: second.hash },
    ],
    living: second.stages.map(({ queue, name, pool, singleActiveConsumer }) => ({
      queue,
      step: name,
      pool,
      singleActiveConsumer,
      revision: 2,
    })),
    retiring: [],
    suspended: false,
    frozen: false,
    ...part,
  }
}

/** Log lines of a source. */
function openLog() {
  const lines: string[] = []
  const log = pino(
    { level: 'info' },
    { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) },
  )
  return { log, lines }
}

async function temporaryDirectory(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'weir-plans-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  return root
}

interface Opened {
  readonly source: PlanSource & WorkList
  readonly store: ReturnType<typeof openMemoryStore>
  /** Writes the state, and lets the source hear of it. */
  readonly change: (state: FlowState) => Promise<void>
  readonly remove: () => Promise<void>
}

async function openStored(): Promise<Opened> {
  const store = openMemoryStore()
  const clock = simulatedClock()
  await Promise.all([store.plans.put(first), store.plans.put(second)])
  const source = await openStorePlanSource({ store, clock, log: openLog().log })
  onTestFinished(source.close)
  const versionOf = async (): Promise<number> => (await store.flows.get('uid'))?.version ?? 0
  return {
    source,
    store,
    change: async (state) => {
      await store.flows.put(state, await versionOf())
      await clock.advance(2000)
    },
    remove: async () => {
      await store.flows.remove('uid', await versionOf())
      await source.notify('uid')
    },
  }
}

async function openFiles(): Promise<Opened> {
  const root = await temporaryDirectory()
  const store = openMemoryStore()
  await Promise.all([store.plans.put(first), store.plans.put(second)])
  const directory = await openPlanDirectory(root, store)
  const source = await openDirectoryPlanSource(root, { clock: systemClock, log: openLog().log, pollMs: 10 })
  onTestFinished(source.close)
  const versionOf = async (): Promise<number> => (await store.flows.get('uid'))?.version ?? 0
  const heard = (): Promise<void> => new Promise((resolve) => void source.onChange(resolve))
  return {
    source,
    store,
    change: async (state) => {
      const told = heard()
      await store.flows.put(state, await versionOf())
      await directory.write('uid')
      await told
    },
    remove: async () => {
      const told = heard()
      await store.flows.remove('uid', await versionOf())
      await directory.write('uid')
      await told
    },
  }
}

describe.each([
  { name: 'plans in a store', open: openStored },
  { name: 'plans in a directory', open: openFiles },
])('$name', ({ open }) => {
  const queues = (source: WorkList): string[] => source.living().map(({ stage }) => stage.queue)

  it('are known by flow and number', async () => {
    const { source, change } = await open()
    expect(source.flows()).toEqual([])
    await change(stateOf())
    expect([source.flows(), source.active('uid'), source.active('other')]).toEqual([['uid'], second, undefined])
    expect(await source.get('uid', 1)).toEqual(first)
    expect(await source.get('uid', 3)).toBeUndefined()
    expect(await source.get('other', 1)).toBeUndefined()
    expect(source.living()).toEqual(second.stages.map((stage) => ({ stage, plan: second })))
  })

  it('are the same objects as long as they do not change', async () => {
    const { source, change } = await open()
    await change(stateOf({ suspended: true }))
    const [before, work] = [source.active('uid'), source.living()]
    await change(stateOf({ suspended: true, stoodSince: 5 }))
    expect(source.active('uid')).toBe(before)
    expect(source.living()[0]?.plan).toBe(work[0]?.plan)
  })

  it('bear the marks of the state, not those they were compiled with', async () => {
    const { source, change } = await open()
    await change(stateOf({ suspended: true }))
    expect(source.active('uid')?.flow).toMatchObject({ suspend: true, freeze: false })
    await change(stateOf())
    expect(source.active('uid')?.flow).toMatchObject({ suspend: false, freeze: false })
  })

  it('have no work while the flow is frozen', async () => {
    const { source, change } = await open()
    await change(stateOf())
    expect(queues(source)).toHaveLength(2)
    await change(stateOf({ frozen: true }))
    expect([queues(source), source.active('uid')?.flow.freeze]).toEqual([[], true])
  })

  it('start nothing of a flow that is being deleted, and finish it', async () => {
    const { source, change } = await open()
    await change(stateOf({ deletion: { askedAt: 0, deadlineMs: 1 } }))
    expect([source.flows(), source.active('uid'), queues(source).length]).toEqual([[], undefined, 2])
  })

  it('are gone with the flow', async () => {
    const { source, change, remove } = await open()
    await change(stateOf())
    await remove()
    expect([source.flows(), source.active('uid'), queues(source)]).toEqual([[], undefined, []])
  })

  it('are read past every cache when somebody asks for it', async () => {
    const { source, change, store } = await open()
    await change(stateOf())
    if (open === openStored) {
      await store.flows.put(stateOf({ active: 1 }), 1)
      expect(await source.refresh('uid')).toEqual(first)
    }
    expect(await source.refresh('other')).toBeUndefined()
  })
})

describe('plans in a directory', () => {
  async function written() {
    const root = await temporaryDirectory()
    const store = openMemoryStore()
    await Promise.all([store.plans.put(first), store.plans.put(second), store.flows.put(stateOf(), 0)])
    const directory = await openPlanDirectory(root, store)
    await directory.writeAll()
    return { root, store, directory }
  }

  it('leave rubbish alone, tell of it once, and keep the last good one', async () => {
    const { root, directory, store } = await written()
    const { log, lines } = openLog()
    const source = await openDirectoryPlanSource(root, { clock: systemClock, log, pollMs: 5 })
    onTestFinished(source.close)
    await writeFile(join(root, 'uid', 'state.json'), '{"flow": "uid", "liv')
    await writeFile(join(root, 'stray.txt'), 'x')
    await vi.waitFor(() => expect(lines).toEqual(['state of a flow not usable, the last good one stays']))
    await source.refresh('uid')
    expect(source.active('uid')).toEqual(second)
    expect(lines).toHaveLength(1)
    await store.flows.put(stateOf({ active: 1 }), 1)
    await directory.write('uid')
    await vi.waitFor(() => expect(source.active('uid')).toEqual(first))
  })

  it('do not keep one flow from the others when a plan is torn', async () => {
    const { root, store, directory } = await written()
    await store.flows.put({ ...stateOf(), flow: 'uid-b' }, 0)
    await store.plans.put({ ...second, flow: { ...second.flow, uid: 'uid-b' } })
    const { log, lines } = openLog()
    const source = await openDirectoryPlanSource(root, { clock: systemClock, log, pollMs: 5 })
    onTestFinished(source.close)
    await directory.write('uid-b')
    await vi.waitFor(() => expect(source.flows()).toEqual(['uid', 'uid-b']))
    await writeFile(join(root, 'uid', '1.json'), '{')
    await expect(source.get('uid', 1)).rejects.toMatchObject({ code: 'FileUnreadable' })
    // In one go, as every writer does: half a state would be a trouble of its own.
    const whole = join(root, 'state.new')
    await writeFile(whole, JSON.stringify({ ...stateOf({ active: 7 }), flow: 'uid-b' }))
    await rename(whole, join(root, 'uid-b', 'state.json'))
    await writeFile(join(root, 'uid-b', '7.json'), '{"revision": 8}')
    await vi.waitFor(() => expect(lines).toEqual(['plans not read, the last ones stay']))
    expect(source.active('uid-b')).toMatchObject({ revision: 2 })
    await writeFile(join(root, 'uid-b', '7.json'), JSON.stringify({ ...second, revision: 7 }))
    await vi.waitFor(() => expect(source.active('uid-b')).toMatchObject({ revision: 7 }))
    // A look that began before it may end after it, and complain once more.
    expect(lines.slice(0, 2)).toEqual(['plans not read, the last ones stay', 'plans can be read again'])
  })

  it('hold no plan that is not kept, and no flow that is gone', async () => {
    const { root, store, directory } = await written()
    expect((await readdir(join(root, 'uid'))).sort()).toEqual(['1.json', '2.json', 'state.json'])
    await store.flows.put(stateOf({ kept: [{ revision: 2, hash: second.hash }] }), 1)
    await directory.write('uid')
    expect((await readdir(join(root, 'uid'))).sort()).toEqual(['2.json', 'state.json'])
    await store.flows.remove('uid', 2)
    await directory.writeAll()
    expect(await readdir(root)).toEqual([])
  })

  it('that is not there cannot be read now', async () => {
    const root = join(await temporaryDirectory(), 'missing')
    const opening = openDirectoryPlanSource(root, { clock: systemClock, log: openLog().log })
    await expect(opening).rejects.toMatchObject({ code: 'DirectoryUnreadable' })
  })

  it('of a uid that is no name of a file stay under the root', async () => {
    const { root, store, directory } = await written()
    await store.flows.put({ ...stateOf(), flow: '../evil' }, 0)
    await store.plans.put({ ...second, flow: { ...second.flow, uid: '../evil' } })
    await directory.write('../evil')
    expect(await readdir(root)).toHaveLength(2)
    const source = await openDirectoryPlanSource(root, { clock: systemClock, log: openLog().log })
    onTestFinished(source.close)
    expect(source.active('../evil')?.revision).toBe(2)
  })
})
