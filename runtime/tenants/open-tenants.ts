import type { Logger } from 'pino'
import type { ObjectCache } from '../../kube/cache/object-cache.ts'
import { sleep, type Clock } from '../clock.ts'
import type { TenantLogin } from './decide/read-login.ts'
import type { SeenLogin } from './tenant-logins.ts'

/** What works for one namespace. */
export interface TenantPart {
  /** Finishes what it has begun. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface TenantsParts<Part extends TenantPart> {
  readonly logins: Pick<ObjectCache<SeenLogin>, 'subscribe'>
  /** Rejects, and is called again, as long as it cannot be opened. The signal ends its waiting. */
  readonly open: (tenant: OpenTenant) => Promise<Part>
  readonly clock: Clock
  readonly log: Logger
}

export interface OpenTenant {
  readonly namespace: string
  readonly login: TenantLogin
  readonly log: Logger
  readonly signal: AbortSignal
}

/** One part for each namespace that has a login, for as long as it has it. */
export interface Tenants<Part> {
  /** Those that are open. */
  readonly parts: () => readonly Part[]
  /** How many are still being opened. */
  readonly opening: () => number
  /** Safe to repeat. */
  readonly close: () => Promise<void>
}

interface Running<Part> {
  readonly login: string
  readonly part: () => Part | undefined
  readonly end: () => Promise<void>
}

const firstPauseMs = 500
const longestPauseMs = 30_000

/** Another login in a namespace is another part: the one before is closed first. What is wrong in one namespace is none of the others'. */
export function openTenants<Part extends TenantPart>(parts: TenantsParts<Part>): Tenants<Part> {
  const running = new Map<string, Running<Part>>()
  /** By namespace, until the last is closed. */
  const ends = new Map<string, Promise<void>>()
  const end = (namespace: string): void => {
    const ended = running.get(namespace)?.end()
    running.delete(namespace)
    if (ended !== undefined) ends.set(namespace, ended)
  }
  const begin = (namespace: string, login: TenantLogin): void => {
    const text = JSON.stringify(login)
    if (running.get(namespace)?.login === text) return
    end(namespace)
    const before = ends.get(namespace)
    running.set(namespace, { login: text, ...runOne(parts, { namespace, login, before }) })
  }
  const forget = parts.logins.subscribe(({ kind, object: { metadata, login } }) => {
    const { namespace = '' } = metadata
    if (kind === 'removed') return end(namespace)
    if (login !== undefined) return begin(namespace, login)
    parts.log.warn({ namespace }, 'Secret is not as the operator writes it, the namespace is left out')
    end(namespace)
  })
  return {
    parts: () => [...running.values()].flatMap(({ part }) => part() ?? []),
    opening: () => [...running.values()].filter(({ part }) => part() === undefined).length,
    close: async () => {
      forget()
      for (const namespace of running.keys()) end(namespace)
      await Promise.all(ends.values())
    },
  }
}

interface RunningOne {
  readonly namespace: string
  readonly login: TenantLogin
  readonly before: Promise<void> | undefined
}

function runOne<Part extends TenantPart>(
  parts: TenantsParts<Part>,
  { namespace, login, before }: RunningOne,
): Omit<Running<Part>, 'login'> {
  const ending = new AbortController()
  const log = parts.log.child({ namespace })
  let part: Part | undefined
  const opening = openPatiently(parts, { namespace, login, log, signal: ending.signal }, before)
  const opened = opening.then((found) => (part = ending.signal.aborted ? undefined : found))
  let ended: Promise<void> | undefined
  const endNow = async (): Promise<void> => {
    ending.abort(new Error('the namespace is left'))
    part = undefined
    await opened
    const found = await opening
    await found?.close().catch((err: unknown) => log.warn({ err }, 'namespace not left as it should be'))
  }
  return { part: () => part, end: () => (ended ??= endNow()) }
}

/** Undefined when it was ended before. */
async function openPatiently<Part extends TenantPart>(
  { open, clock }: TenantsParts<Part>,
  tenant: OpenTenant,
  before: Promise<void> | undefined,
): Promise<Part | undefined> {
  const { log, signal } = tenant
  await before
  for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await open(tenant)
    } catch (err) {
      if (signal.aborted) return undefined
      log.warn({ err, retryMs: pauseMs }, 'namespace cannot be served yet')
    }
    await sleep(clock, pauseMs, signal).catch(() => {}) // the loop ends
  }
  return undefined
}
