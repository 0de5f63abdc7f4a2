import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerConformance } from './broker-conformance.ts'
import { openSqliteBroker } from './sqlite-broker.ts'

brokerConformance('SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-queues-'))
  const broker = openSqliteBroker(join(directory, 'queues.db'))
  return {
    connect: async () => broker.connect(),
    close: async () => {
      await broker.close()
      rmSync(directory, { recursive: true })
    },
  }
})
