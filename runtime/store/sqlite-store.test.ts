import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeConformance } from './store-conformance.ts'
import { openSqliteStore } from './sqlite-store.ts'
storeConformance('SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-store-'))
  const path = join(directory, 'weir.db')
  return {
    connect: async () => openSqliteStore(path, { access: 'shared' }),
    close: () => rm(directory, { recursive: true, force: true }),
  }
})
