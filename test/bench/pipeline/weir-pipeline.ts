import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { openFlowChanges } from '../../../operator/change/flow-changes.ts'
import { encodeHeaders } from '../../../runtime/broker/amqp/decide/message-headers.ts'
import { openAmqpBroker } from '../../../runtime/broker/amqp/open-amqp-broker.ts'
import { systemClock as clock } from '../../../runtime/clock.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import { encodeBody } from '../../../runtime/wire/body.ts'
import { freshId } from '../../../runtime/wire/message-id.ts'
import { compileManifests } from '../../rig/faults/compile-manifests.ts'
import type { BenchServers } from '../bench-servers.ts'
import type { Pipeline } from './pipeline.ts'
import { openDriver, startProcess } from './pipeline.ts'

const log = pino({ level: 'warn' })
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

export const programs = {
  /** As it is installed. */
  runner: new URL('weir-main.ts', import.meta.url),
  /** The same, put together so that it can be told to lose messages. */
  bare: new URL('bare-main.ts', import.meta.url),
}

export interface WeirPipelineOptions {
  /** By default as it is installed. */
  readonly program?: URL
  /** False gives each built-in a queue of its own. */
  readonly fuse?: boolean
  /** One flow with a manual trigger. */
  readonly manifests: string
  /** For the component `step` and others that manifests name; files by name. */
  readonly code?: Readonly<Record<string, string>>
  /** For files of components. */
  readonly directory: string
  readonly environment?: Readonly<Record<string, string>>
  readonly name?: string
}

const defaultCode = {
  'component.json': JSON.stringify({ title: 'Step', actions: { step: { title: 'Step', main: './step.js' } } }),
  'package.json': '{"name": "step", "version": "1.0.0", "private": true}',
  // Does to each message what the control does.
  'step.js': `exports.process = async ({ data: { n, sentAtUs, contact } }) => ({ data: { n, sentAtUs, contact, seen: true } })\n`,
}

/** The flow, activated on real servers, and one runner with the code of its steps in children. */
export async function openWeirPipeline(servers: BenchServers, options: WeirPipelineOptions): Promise<Pipeline> {
  const { amqpUrl, mongoUrl } = await servers.openPlace()
  const { directory, code = defaultCode, program = programs.runner, fuse = true } = options
  for (const [file, text] of Object.entries(code)) await writeFile(join(directory, file), text)
  const [plan] = await compileManifests(options.manifests, { step: directory }, { fuse })
  const [trigger] = plan?.triggers ?? []
  if (plan === undefined || trigger === undefined) throw new Error('a pipeline needs a flow with a trigger')
  const store = await openMongoStore({ url: mongoUrl, log })
  const broker = await openAmqpBroker({ url: amqpUrl, connectionName: 'weir-bench', log })
  const changes = await openFlowChanges({ broker, store, clock, log, waits: { declaredMs: 0 } })
  await changes.apply(plan)
  await changes.close()
  const runner = await startProcess(program, [], {
    ...process.env,
    WEIR_BROKER_URL: amqpUrl,
    WEIR_STORE_URL: mongoUrl,
    WEIR_COMPONENTS: `Component/step=${directory}`,
    WEIR_HTTP_PORT: '0',
    WEIR_LOG_LEVEL: 'warn',
    ...options.environment,
  })
  const common = { flow: plan.flow.uid, revision: 1, revisionHash: plan.hash, trigger: trigger.name, at: trigger.to }
  const driver = await openDriver(amqpUrl, servers.brokerPid)
  return {
    name: options.name ?? 'Weir',
    driver,
    processes: [runner],
    publish: (data, onConfirm) => {
      const run = freshId()
      const own = { run, runStartedAt: Date.now(), copy: freshId(), attempt: 1, hops: 0, traceparent }
      const body = encodeBody({}, Buffer.from(JSON.stringify({ data, metadata: {}, attachments: {} })))
      const headers = { weir: encodeHeaders({ ...common, ...own }) }
      driver.channel.publish('steps', trigger.queue, body, { persistent: true, messageId: run, headers }, onConfirm)
    },
    close: async () => {
      runner.kill('SIGKILL')
      await driver.close()
      await broker.close()
      await store.close()
    },
  }
}
