import type { Clock } from '../clock.ts'
import type { BrokerHealth } from './broker.ts'
import type { EmbeddedBroker } from './embedded-broker.ts'
import { openEmbeddedBroker } from './embedded-broker.ts'
import { memoryKeep } from './memory-keep.ts'
import { memoryParking } from './memory-parking.ts'
import type { KeeperHost, QueueKeeper } from './message-keep.ts'

const ready: BrokerHealth = { kind: 'ready' }

export type MemoryBroker = EmbeddedBroker

/** What is queued is gone with the process. */
export function openMemoryBroker(options: { readonly clock?: Clock } = {}): MemoryBroker {
  return openEmbeddedBroker({ ...options, openKeeper: memoryKeeper })
}

function memoryKeeper({ targetFor, onMoved }: KeeperHost, clock: Clock): QueueKeeper {
  const parking = memoryParking(clock, (queue, message) => {
    void targetFor(queue).keep.add(message)
    onMoved()
  })
  return {
    restored: [],
    declare: async () => {},
    unbind: async () => {},
    remove: async () => {},
    open: (_declaration, onReady) => memoryKeep(onReady),
    parking,
    underWay: () => 0,
    health: () => ready,
    close: () => {},
  }
}
