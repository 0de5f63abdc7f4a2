import { writeSync } from 'node:fs'
import { openSqliteStore } from '../sqlite-store.ts'
import { deadLetter, plan } from './store-promise.ts'

/** Writes one of each thing per round into the store at the path, and prints the round's number once all are promised to be kept. */
const [, , path = '', first = '1'] = process.argv
const store = openSqliteStore(path)
let snapshot = await store.snapshots.open('queue')

for (let round = Number(first); ; round += 1) {
  const owner = { replay: 0, attempt: 1, copy: `c${round}` }
  const writeSnapshot = async (): Promise<void> => {
    const outcome = await store.snapshots.write('queue', snapshot, { value: round, settled: [`m${round}`] })
    if (outcome === 'conflict') throw new Error('nobody else writes here')
    snapshot = { ...snapshot, version: snapshot.version + 1 }
  }
  const claim = async (): Promise<void> => {
    await store.claims.take(`key-${round}`, owner, { nowMs: 1, windowMs: 1e12 })
    await store.claims.done(`key-${round}`, owner, 2)
  }
  await Promise.all([
    writeSnapshot(),
    claim(),
    store.fires.insert({ flow: 'f', trigger: 't', at: round, revision: 1 }),
    store.deadLetters.put(deadLetter('f', { id: `m${round}`, body: Buffer.alloc(20_000, round) })),
    store.trackedRuns.add('f', `run-${round}`, ['m1', 'm2']),
    store.plans.put(plan('f', round)),
  ])
  writeSync(1, `${round}\n`)
}
