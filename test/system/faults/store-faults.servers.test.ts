import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { openCutter } from '../../env/cutter.ts'
import type { MongoServer } from '../../env/mongo.ts'
import { openMongo } from '../../env/mongo.ts'
import { describeOnServers, freshVhost } from '../../env/servers.ts'
import { effectsIn } from '../../rig/faults/account.ts'
import { accountAtRest, progress, underLoad } from '../../rig/faults/at-rest.ts'
import type { FaultRig, FaultRigOptions } from '../../rig/faults/fault-rig.ts'
import { openFaultRig } from '../../rig/faults/fault-rig.ts'

/** What a message is for, by its number: three in twenty need the store, and one in two hundred has its body there. */
const kinds = ['tally', 'once', 'dead'] as const
const kindOf = (n: number): string => kinds[n % 20] ?? (n % 200 === 19 ? 'large' : 'plain')
const dataOf = (n: number): object => {
  const kind = kindOf(n)
  return kind === 'large' ? { kind, padding: 'x'.repeat(2_000_000) } : { kind }
}
const isPlain = (n: number): boolean => kindOf(n) === 'plain'

const manifests = (tallyMs: number): string => `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
    - name: first
      component: relay
      function: pass
      concurrencyPerProcess: 50
      next:
        - {to: plain, when: 'data.kind in ["plain", "large"]'}
        - {to: tally, when: data.kind = "tally"}
        - {to: once, when: data.kind = "once"}
        - {to: dies, when: data.kind = "dead"}
    - {name: plain, component: relay, function: effect, concurrencyPerProcess: 50, config: {file: EFFECTS}, next: []}
    - {name: tally, component: relay, function: tally, config: {file: EFFECTS, ms: ${tallyMs}}, next: []}
    - name: once
      component: relay
      function: effect
      concurrencyPerProcess: 50
      config: {file: EFFECTS}
      deduplicate: {windowSeconds: 86400, key: data.n, onUnknown: deadLetter}
      timeoutSeconds: 5
      next: []
    - {name: dies, fail: {code: OnPurpose, message: '"on purpose"'}, next: []}
`

describeOnServers('messages beside MongoDB', ({ rabbit }) => {
  let server: MongoServer
  let closers: (() => Promise<void>)[] = []
  beforeAll(async () => {
    server = await openMongo()
  })
  afterAll(() => server.close())
  afterEach(async () => {
    await server.start()
    for (const close of closers.splice(0)) await close()
  })

  const open = async (options: Omit<FaultRigOptions, 'amqpUrl'>): Promise<FaultRig> => {
    const vhost = await freshVhost(rabbit)
    const rig = await openFaultRig({ amqpUrl: vhost.amqpUrl, ...options })
    closers = [rig.close, vhost.close, ...closers]
    await rig.startRecorder()
    await rig.startRunner()
    return rig
  }
  const tallied = async (rig: FaultRig): Promise<unknown> => {
    const queues = await rig.store.snapshots.queues('orders-uid')
    return (await rig.store.snapshots.read(queues[0] ?? ''))?.value
  }

  it(
    'go on without it where they need it for nothing, and lose nothing where they do',
    { timeout: 300_000 },
    async () => {
      const rig = await open({ mongoUrl: databaseOf(server, 'down'), manifests: manifests(0) })
      const faults = ['stop', 'kill'] as const
      await underLoad(
        rig,
        async () => {
          for (const fault of faults) {
            await progress(rig, 200)
            await server[fault]()
            const first = rig.sender.sent() + 1
            await eventually(() => expect(rig.sender.sent()).toBeGreaterThan(first + 300))
            // Sent and finished while there is no store.
            await untilFinished(rig, first + 300, (n) => n >= first && isPlain(n))
            await server.start()
          }
        },
        dataOf,
      )
      const account = await accountAtRest(rig)
      const sent = rig.sender.sent()
      const deaths = countOf(sent, 'dead')
      expect(account).toMatchObject({ lost: [], invented: [] })
      expect(account.finished + account.dead).toBe(sent)
      expect(account.codes['OnPurpose'] ?? 0).toBe(deaths)
      expect(await tallied(rig)).toEqual({ seen: countOf(sent, 'tally') })
      // Kept until there was a store again, or counted.
      await eventually(async () => expect(await unseenDeaths(rig)).toBeLessThanOrEqual(await rig.store.runs.dropped()))
    },
  )

  it('are not slowed down by one that takes two seconds for a write', { timeout: 300_000 }, async () => {
    const cutter = await openCutter(databaseOf(server, 'slow'))
    closers.push(cutter.close)
    const direct = { mongoUrl: databaseOf(server, 'slow') }
    const rig = await open({ mongoUrl: cutter.url, direct, manifests: manifests(0) })
    await rig.sender.send(40, { data: dataOf })
    await untilFinished(rig, 40, (n) => kindOf(n) !== 'dead')
    // Each way.
    cutter.slow(1000)
    const tallies = 20
    await rig.sender.send(tallies, { data: () => ({ kind: 'tally' }) })
    const first = rig.sender.sent() + 1
    await rig.sender.send(1000, { data: () => ({ kind: 'plain' }) })
    await untilFinished(rig, first + 999, (n) => n >= first)
    // One after the other they need the store for 40 seconds.
    const { seen = 0 } = ((await tallied(rig)) ?? {}) as { readonly seen?: number }
    expect(seen).toBeLessThan(2 + tallies)
    cutter.slow(0)
    const account = await accountAtRest(rig)
    expect(account).toMatchObject({ lost: [], invented: [], dead: 2, codes: { OnPurpose: 2 } })
    expect(account.duplicates).toBeLessThanOrEqual(tallies)
    expect(await tallied(rig)).toEqual({ seen: 2 + tallies })
  })
})

function databaseOf({ url }: MongoServer, name: string): string {
  const named = new URL(url)
  named.pathname = `/${name}`
  return named.href
}

function countOf(sent: number, kind: string): number {
  return Array.from({ length: sent }, (_, at) => at + 1).filter((n) => kindOf(n) === kind).length
}

/** Dead letters that no observation tells of. */
async function unseenDeaths({ store }: FaultRig): Promise<number> {
  let unseen = 0
  for await (const { run } of store.deadLetters.scan({})) {
    const events = await store.runs.events(run)
    if (!events.some(({ kind }) => kind === 'dead')) unseen += 1
  }
  return unseen
}

async function untilFinished(rig: FaultRig, upTo: number, isMeant: (n: number) => boolean = isPlain): Promise<void> {
  const wanted = Array.from({ length: upTo }, (_, at) => at + 1).filter(isMeant)
  await eventually(async () => {
    const finished = new Set(await effectsIn(rig.effects))
    expect(wanted.filter((n) => !finished.has(n)).length).toBe(0)
  })
}

function eventually(assertion: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(assertion, { timeout: 120_000, interval: 100 })
}
