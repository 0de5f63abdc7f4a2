import type { JsonObject } from '../../../crds/v1alpha1/meta.ts'
import type { MessageView, TriggerView } from '../../../flow/expression/expression.ts'
import type { PlanTrigger } from '../../../flow/plan/plan.ts'

/** The first message of a run, and what its expressions see as `$trigger`. */
export interface FirstMessage {
  readonly message: MessageView
  readonly view: TriggerView
}

export interface ScheduledTime {
  /** Milliseconds since 1970. */
  readonly at: number
  /** The scheduled time after it, where there is one. */
  readonly nextAt?: number
}

/** A request that a webhook has accepted: authenticated, parsed, what authenticated it taken out. */
export interface WebhookRequest {
  readonly method: string
  /** Path and query, as the flow knows them: without the gateway's prefix. */
  readonly url: string
  /** Path and query as they were sent. */
  readonly originalUrl: string
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string | readonly string[]>>
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** The parsed body; undefined where there is none. */
  readonly body?: unknown
}

/**
 * The first message of a schedule, poll or listen. Beside our names stand those of the Open Integration Hub, with its
 * spelling: components read them.
 */
export function scheduledMessage(trigger: PlanTrigger, { at, nextAt }: ScheduledTime): FirstMessage {
  const scheduledAt = isoTime(at)
  const next = nextAt === undefined ? undefined : isoTime(nextAt)
  const data = {
    scheduledAt,
    ...(next !== undefined && { nextScheduledAt: next }),
    sheduledTimestamp: scheduledAt,
    ...(next !== undefined && { nextSheduledTimestamp: next }),
  }
  return {
    message: { data, metadata: { source: { name: trigger.name, type: 'scheduler' } }, attachments: {} },
    view: { name: trigger.name, kind: trigger.kind, scheduledAt, data },
  }
}

/** The first message of a webhook, in the form of the Open Integration Hub: `data` is the body, or the query where there is none. */
export function webhookMessage(trigger: PlanTrigger, request: WebhookRequest): FirstMessage {
  const { method, url, originalUrl, path, params, query, headers, body } = request
  const data = body === undefined ? query : body
  const message = {
    data,
    metadata: { source: { name: trigger.name, type: 'webhook' } },
    attachments: {},
    headers,
    url,
    method,
    originalUrl,
    query,
    params,
    pathSuffix: '',
  }
  const request_ = { method, path, params, query, headers } as unknown as JsonObject // JSON throughout: strings and lists of strings
  return { message, view: { name: trigger.name, kind: trigger.kind, data, request: request_ } }
}

/** The first message of a manual run: the data as given. */
export function manualMessage(
  trigger: PlanTrigger,
  given: { readonly data?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
): FirstMessage {
  const data = given.data === undefined ? {} : given.data
  const headers = given.headers === undefined ? {} : { headers: lowerCased(given.headers) }
  return {
    message: {
      data,
      metadata: { source: { name: trigger.name, type: 'manual' } },
      attachments: {},
      ...headers,
    },
    view: {
      name: trigger.name,
      kind: trigger.kind,
      data,
      ...('headers' in headers && { request: headers }),
    },
  }
}

/** The message that a trigger of any kind gives when it is fired by hand (`weir run --once`). */
export function handFiredMessage(
  trigger: PlanTrigger,
  given: {
    readonly data?: unknown
    readonly headers?: Readonly<Record<string, string>>
    /** Milliseconds since 1970. */
    readonly at: number
  },
): FirstMessage {
  if (trigger.kind === 'manual') return manualMessage(trigger, given)
  if (trigger.kind === 'webhook') return webhookMessage(trigger, handMadeRequest(trigger, given))
  const first = scheduledMessage(trigger, { at: given.at })
  return given.data === undefined ? first : withData(first, given.data)
}

function handMadeRequest(
  trigger: PlanTrigger,
  given: { readonly data?: unknown; readonly headers?: Readonly<Record<string, string>> },
): WebhookRequest {
  const path = trigger.spec.webhook?.path ?? '/'
  const headers = lowerCased(given.headers ?? {})
  return {
    method: trigger.spec.webhook?.methods?.[0] ?? 'POST',
    url: path,
    originalUrl: path,
    path,
    params: {},
    query: {},
    headers,
    ...(given.data !== undefined && { body: given.data }),
  }
}

/** Header names have no case; expressions find them in lower case, whatever the trigger. */
function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function withData({ message, view }: FirstMessage, data: unknown): FirstMessage {
  return { message: { ...message, data }, view: { ...view, data } }
}

function isoTime(at: number): string {
  return new Date(at).toISOString()
}
