import { storeConformance } from './store-conformance.ts'
import { openMemoryStore } from './memory-store.ts'
storeConformance('memory', async () => {
  const store = openMemoryStore()
  return { connect: async () => store, close: store.close }
})
