import { encodeHeaders } from '../../../runtime/broker/amqp/decide/message-headers.ts'
import { compileManifests } from '../../rig/faults/compile-manifests.ts'
import type { BenchServers, Place } from '../bench-servers.ts'
import { activate, firstMessage } from './activate.ts'
import type { Pipeline } from './pipeline.ts'
import { openDriver, startProcess } from './pipeline.ts'
import { stepComponent } from './step-component.ts'

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
  /** One flow with a manual trigger; may use the component `step`. */
  readonly manifests: string
  /** For files of components. */
  readonly directory: string
  readonly environment?: Readonly<Record<string, string>>
  readonly name?: string
  /** By default one of its own. */
  readonly place?: Place
}

/** The flow, activated on real servers, and one runner with the code of its steps in children. */
export async function openWeirPipeline(servers: BenchServers, options: WeirPipelineOptions): Promise<Pipeline> {
  const { directory, program = programs.runner, fuse = true } = options
  const place = options.place ?? (await servers.openPlace())
  await stepComponent(directory)
  const [plan] = await compileManifests(options.manifests, { step: directory }, { fuse })
  const [trigger] = plan?.triggers ?? []
  if (plan === undefined || trigger === undefined) throw new Error('a pipeline needs a flow with a trigger')
  await activate(place, [plan])
  const runner = await startProcess(program, [], { ...runnerEnvironment(place, directory), ...options.environment })
  const driver = await openDriver(place.amqpUrl, servers.brokerPid)
  return {
    name: options.name ?? 'Weir',
    driver,
    processes: [runner],
    publish: (data, onConfirm) => {
      const { id: messageId, headers, body } = firstMessage(plan, data, { traceparent })
      const properties = { persistent: true, messageId, headers: { weir: encodeHeaders(headers) } }
      driver.channel.publish('steps', trigger.queue, body, properties, onConfirm)
    },
    close: async () => {
      runner.kill('SIGKILL')
      await driver.close()
    },
  }
}

/** Of a runner that serves the place, with the component `step` in the directory. */
export function runnerEnvironment({ amqpUrl, mongoUrl }: Place, directory: string): Record<string, string | undefined> {
  return {
    ...process.env,
    WEIR_BROKER_URL: amqpUrl,
    WEIR_STORE_URL: mongoUrl,
    WEIR_COMPONENTS: `Component/step=${directory}`,
    WEIR_HTTP_PORT: '0',
    WEIR_LOG_LEVEL: 'warn',
  }
}
