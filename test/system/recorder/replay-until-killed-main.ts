import { pino } from 'pino'
import { openAmqpBroker } from '../../../runtime/broker/amqp/open-amqp-broker.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { replayDeadLetters } from '../../../runtime/replay/replay-dead-letters.ts'
import { storePlans } from '../../../runtime/replay/store-plans.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import type { Store } from '../../../runtime/store/store.ts'

/** Replays all dead letters, and dies as hard as a process can when the first is published and not yet marked. */
const [storeUrl = '', brokerUrl = ''] = process.argv.slice(2)
const log = pino({ level: 'silent' })
const opened = await openMongoStore({ url: storeUrl, log, patience: 'wait' })
const broker = await openAmqpBroker({ url: brokerUrl, connectionName: 'replay until killed', log })

const mark: Store['deadLetters']['mark'] = () => {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {})
}
const store: Store = { ...opened, deadLetters: { ...opened.deadLetters, mark } }
const letters = store.deadLetters.scan({ state: 'dead' })
const parts = { broker, store, plans: storePlans(store), clock: systemClock }
for await (const _ of replayDeadLetters(parts, letters, { to: { kind: 'failedStep' } })) {
  // It does not come so far.
}
