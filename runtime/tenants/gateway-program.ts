import { sleep } from '../clock.ts'
import { notFound, problem } from '../gateway/decide/answer.ts'
import type { Answer } from '../gateway/decide/answer.ts'
import { defaultLimits } from '../gateway/gateway-parts.ts'
import { openHookServer } from '../gateway/hook-server.ts'
import { openLoad, type Load } from '../gateway/load.ts'
import type { Desk } from '../gateway/open-desk.ts'
import { recentRuns } from '../gateway/recent-runs.ts'
import { gatewayMeters, type CountingGatewayMeters } from '../metrics/gateway-meters.ts'
import type { CredentialSource } from '../plan-source.ts'
import { openGatewayPart, type GatewayPart } from './gateway-part.ts'
import type { Beside, Serving, TenantProgram } from './serve-tenants.ts'
import type { GatewaySettings } from './tenant-settings.ts'

export interface GatewayProgramParts {
  readonly settings: Pick<GatewaySettings, 'hooksPort' | 'httpHost' | 'shutdownSeconds'>
  readonly credentials: CredentialSource
}

/** Names of namespaces need no decoding. */
const hookPath = /^\/hooks\/([a-z0-9-]+)\//
/** No namespace may take it all. */
const limitsOfOne = { inFlight: 500, waiting: 1000, bufferedBytes: 48 * 1024 * 1024 }
const limitsOfAll = { ...defaultLimits, bufferedBytes: 96 * 1024 * 1024 }
/** A namespace whose servers do not answer keeps nobody from serving the others. */
const patienceMs = 20_000
/** Who has not heard yet that this process ends still comes. */
const longestLingerMs = 5_000

/** Answers the webhooks of all namespaces at one address. */
export function gatewayProgram({ settings, credentials }: GatewayProgramParts): TenantProgram<GatewayPart> {
  const whole = openLoad(limitsOfAll)
  const recent = recentRuns()
  const open = new Map<string, GatewayPart>()
  const meters = gatewayMeters(whole)
  return {
    role: 'gateway',
    meters: { gateway: meters },
    open: async (ground, tenant, clock) => {
      const part = await openGatewayPart(ground, tenant, { clock, whole, limits: limitsOfOne, credentials, recent })
      open.set(tenant.namespace, part)
      const close = async (): Promise<void> => {
        if (open.get(tenant.namespace) === part) open.delete(tenant.namespace)
        await part.close()
      }
      return { ...part, close }
    },
    openBeside: (serving) => openWebhooks(serving, { settings, whole, meters, deskOf: (name) => open.get(name)?.desk }),
  }
}

interface WebhooksParts {
  readonly settings: GatewayProgramParts['settings']
  readonly whole: Load
  readonly meters: CountingGatewayMeters
  readonly deskOf: (namespace: string) => Desk | undefined
}

async function openWebhooks(
  { ground, parts, clock, log }: Serving<GatewayPart>,
  { settings, whole, meters, deskOf }: WebhooksParts,
): Promise<Beside> {
  const { hooksPort, httpHost, shutdownSeconds } = settings
  const startedAt = clock.now()
  const server = await openHookServer({
    port: hooksPort,
    host: httpHost,
    load: whole,
    clock,
    log,
    deskOf: (namespace) => deskOf(namespace) ?? answerWithout(ground, namespace),
    onAnswer: ({ status, path }) => {
      const [, name = ''] = hookPath.exec(path) ?? []
      meters.count({ status, namespace: deskOf(name) === undefined ? '' : name })
    },
    releaseAll: () => {
      for (const { desk } of parts()) desk.releaseAll()
    },
  })
  log.info({ hooksPort: server.port }, 'webhooks are answered')
  const lingerMs = Math.min(longestLingerMs, (shutdownSeconds * 1000) / 4)
  const close = async (): Promise<void> => {
    whole.close()
    await sleep(clock, lingerMs)
    await server.close(shutdownSeconds * 1000 - lingerMs)
  }
  let closing: Promise<void> | undefined
  return {
    close: () => (closing ??= close()),
    troubles: () => {
      if (whole.isClosing()) return ['closing: no more webhooks are taken']
      const late = clock.now() - startedAt < patienceMs ? parts().filter(({ isReady }) => !isReady()).length : 0
      return late === 0 ? [] : [`starting: the broker of ${late} namespaces was not reached yet`]
    },
  }
}

/** Where nobody has a namespace's part of the servers, and where it cannot be known whose it is. */
function answerWithout({ hasFlows, troubles }: Serving<GatewayPart>['ground'], namespace: string): Answer {
  return hasFlows(namespace) || troubles().length > 0 ? unserved : notFound
}

const unserved = problem({
  status: 503,
  code: 'NamespaceUnavailable',
  detail: 'webhooks of this namespace cannot be answered at the moment',
  headers: { 'retry-after': '10' },
})
