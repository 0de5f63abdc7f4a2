import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { describeOnAll } from '../../env/operator-tests.ts'
import { openMongo, type MongoServer } from '../../env/mongo.ts'
import {
  openOperatorRig,
  simpleFlow,
  stateOf,
  type ClusterFlow,
  type OperatorRig,
} from '../../rig/operator/operator-rig.ts'

const waiting = { timeout: 200_000, interval: 200 }
const names = Array.from({ length: 20 }, (_, at) => `flow-${at}`)
const [going, staying] = [names.slice(0, 10), names.slice(10)]

/** On a machine that has other work, too. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 })

describeOnAll('An operator without its MongoDB', (places) => {
  let opened: AsyncDisposableStack
  let mongo: MongoServer
  let rig: OperatorRig
  beforeEach(async () => {
    opened = new AsyncDisposableStack()
    mongo = await openMongo()
    opened.defer(mongo.close)
    rig = await openOperatorRig({ ...places, mongo }, { patienceMs: 240_000 })
    opened.defer(rig.close)
  })
  afterEach(() => opened.disposeAsync())

  const ways = {
    killed: { end: () => mongo.kill(), back: () => mongo.start() },
    'silent, with its connections open': { end: async () => mongo.freeze(), back: async () => mongo.thaw() },
  }

  for (const [name, { end, back }] of Object.entries(ways)) {
    it(`which is ${name}: says so once, edits flows, and deletes them when it is back`, async () => {
      const records: Readonly<Record<string, unknown>>[] = []
      const write = (line: Buffer, _: unknown, done: () => void): void => {
        records.push(JSON.parse(String(line)) as Readonly<Record<string, unknown>>)
        done()
      }
      const operator = rig.start({
        log: pino(new Writable({ write })),
        // Of the usual length: what is told is not to be of a lease that a busy machine has lost.
        options: { lease: { namespace: rig.namespace, name: 'weir-operator', identity: 'operator-0' } },
      })
      await Promise.all(names.map((flow) => rig.applyFlow(flow, simpleFlow())))
      await Promise.all(names.map((flow) => rig.ready(flow)))
      const told = (text: string) => records.filter(({ msg, server }) => msg === text && server === 'MongoDB').length
      try {
        await end()
        await Promise.all(going.map(rig.remove))
        await Promise.all(staying.map((flow) => rig.applyFlow(flow, simpleFlow('"two"'))))
        for (const flow of staying) expect(stateOf(await rig.ready(flow))?.active).toBe(2)
        for (const flow of going) await waitsForStore(flow)
        for (const flow of staying) expect(typesOf(await rig.flow(flow))).toEqual(['Ready', 'Active'])
        expect(operator.operator.troubles().filter((one) => one.includes('MongoDB')).length).toBe(1)
        expect(told('server cannot be worked with, all that needs it waits')).toBe(1)
      } finally {
        await back()
      }
      await Promise.all(
        going.map((flow) => vi.waitFor(async () => expect(await rig.flow(flow)).toBeUndefined(), waiting)),
      )
      await vi.waitFor(() => expect(told('server can be worked with again')).toBe(1), waiting)
      expect(operator.operator.troubles()).toEqual([])
      await rig.applyFlow('late', simpleFlow())
      await rig.ready('late')
      await vi.waitFor(async () => expect(await rig.queues()).toHaveLength(staying.length + 1), waiting)
      const failures = records.filter(({ level }) => Number(level) >= 50)
      console.log(
        `${records.length} records, ${failures.length} of them failures: ${JSON.stringify(countsOf(records))}`,
      )
      expect(failures).toEqual([])
      // One for the server, and none for each of the flows.
      expect(records.filter(({ level }) => Number(level) === 40).length).toBeLessThan(5)
    })
  }

  async function waitsForStore(name: string): Promise<void> {
    await vi.waitFor(async () => {
      const conditions = (await rig.flow(name))?.status?.conditions ?? []
      expect(conditions.find(({ type }) => type === 'StoreAvailable')).toMatchObject({
        status: 'False',
        reason: 'StoreUnavailable',
      })
      expect(conditions.find(({ type }) => type === 'Reconciling')?.reason).toBe('DeletionBlocked')
    }, waiting)
  }
})

function typesOf(flow: ClusterFlow | undefined): readonly string[] {
  return (flow?.status?.conditions ?? []).map(({ type }) => type)
}

function countsOf(records: readonly Readonly<Record<string, unknown>>[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { level, msg, err } of records) {
    const key = [level, msg, (err as { readonly message?: string } | undefined)?.message ?? ''].join(' ')
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}
