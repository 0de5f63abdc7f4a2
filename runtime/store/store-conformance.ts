import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { blobPromises, trialPromises } from './conformance/blob-promises.ts'
import { claimPromises } from './conformance/claim-promises.ts'
import { deadLetterPromises } from './conformance/dead-letter-promises.ts'
import { firePromises } from './conformance/fire-promises.ts'
import { flowPromises } from './conformance/flow-promises.ts'
import { memberPromises } from './conformance/member-promises.ts'
import { closePromise, planPromises } from './conformance/plan-promises.ts'
import { rateBudgetPromises } from './conformance/rate-budget-promises.ts'
import { runPromises } from './conformance/run-promises.ts'
import { snapshotPromises } from './conformance/snapshot-promises.ts'
import type { Store } from './store.ts'

/** State to which several stores can be opened. */
export interface StoreUnderTest {
  readonly connect: () => Promise<Store>
  readonly close: () => Promise<void>
}

/** Registers the tests that every store adapter passes. Opened once; each test has a flow of its own. */
export function storeConformance(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the store port, by ${name}`, () => {
    let underTest: StoreUnderTest
    let store: Store
    let other: Store
    beforeAll(async () => {
      underTest = await open()
      store = await underTest.connect()
      other = await underTest.connect()
    })
    afterAll(async () => {
      await other.close()
      await store.close()
      await underTest.close()
    })

    const promises = [
      ...snapshotPromises,
      ...deadLetterPromises,
      ...runPromises,
      ...firePromises,
      ...claimPromises,
      ...planPromises,
      ...flowPromises,
      ...blobPromises,
      ...trialPromises,
      ...rateBudgetPromises,
      ...memberPromises,
    ]
    it.each(promises)('$name', ({ check }) => check({ store, other, flow: randomUUID() }))

    it(closePromise.name, async () => {
      const closing = await underTest.connect()
      await closePromise.check({ store: closing, other, flow: randomUUID() })
    })
  })
}
