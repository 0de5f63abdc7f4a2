import { describe } from 'vitest'
import { retentionChecks } from './conformance/retention-checks.ts'
import { openMemoryStore } from './memory-store.ts'
import { storeConformance } from './store-conformance.ts'

storeConformance('memory', async () => {
  const store = openMemoryStore()
  return { connect: async () => store, close: store.close }
})

describe('memory store', () => {
  retentionChecks(openMemoryStore)
})
