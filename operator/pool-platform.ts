import type { PoolPlatform } from './pools/decide/pool-wish.ts'
import type { OperatorSettings } from './operator-settings.ts'

/** Where things are in the image, as the bundle of the programs has them. */
const inImage = {
  shimPath: '/opt/weir/shim/bundled-main.cjs',
  runnerCommand: ['node', '/opt/weir/runtime/programs/runner.mjs'],
}
/** Of the API server, as pods reach it and behind their Service. */
const apiPorts = [443, 6443]
const brokerPorts = { 'amqp:': 5672, 'amqps:': 5671 } as const
const storePort = 27_017

/** What the pods of all pools have in common. */
export function poolPlatform(
  image: string,
  { brokerUrl, storeUrl, logLevel }: Pick<OperatorSettings, 'brokerUrl' | 'storeUrl' | 'logLevel'>,
): PoolPlatform {
  const usual = brokerUrl.protocol === 'amqps:' ? brokerPorts['amqps:'] : brokerPorts['amqp:']
  return {
    ...inImage,
    image,
    runnerEnv: { WEIR_LOG_LEVEL: logLevel },
    network: {
      broker: { ports: [brokerUrl.port === '' ? usual : Number(brokerUrl.port)] },
      store: { ports: storePorts(storeUrl) },
      api: { ports: apiPorts },
    },
  }
}

/** Of all its hosts; those that `mongodb+srv:` finds have the usual one, as far as can be told here. */
function storePorts(url: string): readonly number[] {
  const [, hosts = ''] = /^[a-z+]+:\/\/(?:[^/?]*@)?([^/?]*)/i.exec(url) ?? []
  const ports = hosts.split(',').map((host) => Number(/:(\d+)$/.exec(host)?.[1] ?? storePort))
  return [...new Set(ports)]
}
