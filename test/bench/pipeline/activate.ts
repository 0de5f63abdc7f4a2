import { pino } from 'pino'
import type { Plan } from '../../../flow/plan/plan.ts'
import { openFlowChanges } from '../../../operator/change/flow-changes.ts'
import { openAmqpBroker } from '../../../runtime/broker/amqp/open-amqp-broker.ts'
import { systemClock as clock } from '../../../runtime/clock.ts'
import { openPlanDirectory } from '../../../runtime/plans/plan-directory.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import { encodeBody } from '../../../runtime/wire/body.ts'
import { freshId } from '../../../runtime/wire/message-id.ts'
import type { MessageHeaders, WireMessage } from '../../../runtime/wire/message.ts'
import type { Place } from '../bench-servers.ts'

const log = pino({ level: 'warn' })
const atOnce = 10

/** Declares what the flows need and makes these their active plans, as an operator would; with a directory, writes the plans there, too. */
export async function activate(
  { amqpUrl, mongoUrl }: Place,
  plans: readonly Plan[],
  planDirectory?: string,
): Promise<void> {
  const opened = new AsyncDisposableStack()
  try {
    const store = await openMongoStore({ url: mongoUrl, log })
    opened.defer(store.close)
    const broker = await openAmqpBroker({ url: amqpUrl, connectionName: 'bench', log })
    opened.defer(broker.close)
    const changes = await openFlowChanges({ broker, store, clock, log, waits: { declaredMs: 0 } })
    opened.defer(changes.close)
    const left = [...plans]
    const applyNext = async (): Promise<void> => {
      for (let plan = left.pop(); plan !== undefined; plan = left.pop()) await changes.apply(plan)
    }
    await Promise.all(Array.from({ length: atOnce }, applyNext))
    if (planDirectory !== undefined) await (await openPlanDirectory(planDirectory, store)).writeAll()
  } finally {
    await opened.disposeAsync()
  }
}

/** The first message of a run of the plan's first trigger. */
export function firstMessage(plan: Plan, data: unknown, headers: Partial<MessageHeaders> = {}): WireMessage {
  const run = freshId()
  const [trigger] = plan.triggers
  const place = {
    flow: plan.flow.uid,
    revision: 1,
    revisionHash: plan.hash,
    trigger: trigger?.name ?? '',
    at: trigger?.to ?? '',
  }
  return {
    id: run,
    headers: { ...place, run, runStartedAt: Date.now(), copy: freshId(), attempt: 1, hops: 0, ...headers },
    body: encodeBody({}, Buffer.from(JSON.stringify({ data, metadata: {}, attachments: {} }))),
  }
}
