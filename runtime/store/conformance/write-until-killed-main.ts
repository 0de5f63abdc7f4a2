import { writeSync } from 'node:fs'
import { pino } from 'pino'
import { openMongoStore } from '../mongo/open-mongo-store.ts'
import { openSqliteStore } from '../sqlite-store.ts'
import { flowState } from './flow-promises.ts'
import { deadLetter, plan } from './store-promise.ts'

/** Writes one of each thing per round into the store at the path or URL, and prints the round's number once all are promised to be kept. */
const [, , path = '', first = '1'] = process.argv
const store = path.startsWith('mongodb:')
  ? await openMongoStore({ url: path, log: pino({ level: 'silent' }) })
  : openSqliteStore(path)
let snapshot = await store.snapshots.open('queue')
let version = (await store.flows.get('f'))?.version ?? 0

for (let round = Number(first); ; round += 1) {
  const owner = { replay: 0, attempt: 1, copy: `c${round}` }
  const writeSnapshot = async (): Promise<void> => {
    const outcome = await store.snapshots.write('queue', snapshot, { value: round, settled: [`m${round}`] })
    if (outcome === 'conflict') throw new Error('nobody else writes here')
    snapshot = { ...snapshot, version: snapshot.version + 1 }
  }
  const writeFlow = async (): Promise<void> => {
    const outcome = await store.flows.put(flowState('f', { lastRevision: round }), version)
    if (outcome === 'conflict') throw new Error('nobody else writes here')
    version += 1
  }
  const claim = async (): Promise<void> => {
    await store.claims.take(`key-${round}`, owner, { nowMs: 1, windowMs: 1e12 })
    await store.claims.done(`key-${round}`, owner, 2)
  }
  await Promise.all([
    writeSnapshot(),
    writeFlow(),
    claim(),
    store.fires.insert({ flow: 'f', trigger: 't', at: round, revision: 1 }),
    store.deadLetters.put(deadLetter('f', { id: `m${round}`, body: Buffer.alloc(20_000, round) })),
    store.trackedRuns.add('f', `run-${round}`, ['m1', 'm2']),
    store.plans.put(plan('f', round)),
    store.blobs.put(`b${round}`, Buffer.alloc(round), Date.now() + 3_600_000),
  ])
  writeSync(1, `${round}\n`)
}
