import { pino } from 'pino'
import { expect, it } from 'vitest'
import { sampleHeaders } from '../test/samples/sample-message.ts'
import type { DeadLetter } from '../runtime/store/store.ts'
import { openLocalStore } from './local-store.ts'

const letter: DeadLetter = {
  id: '',
  namespace: 'default',
  flow: 'uid',
  step: 'store',
  run: 'run',
  revision: 1,
  code: 'Busy',
  message: 'busy',
  attempts: 1,
  failures: [],
  headers: sampleHeaders({ run: 'run', trigger: 'by-hand' }),
  body: new Uint8Array(),
  diedAt: 0,
  replay: 0,
  state: 'dead',
}

it('says once that memory forgets dead letters, and how to keep them', async () => {
  const lines: string[] = []
  const store = openLocalStore(undefined, pino({ level: 'warn' }, { write: (line) => lines.push(line) }))
  for (let n = 0; n < 10_000; n += 1) await store.deadLetters.put({ ...letter, id: `m${n}` })
  expect(lines).toEqual([])
  for (const id of ['one more', 'and another']) await store.deadLetters.put({ ...letter, id })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('--state DIR')
  await store.close()
})
