import type {
  AcceptedReply,
  ApiKeyAuth,
  HmacAuth,
  PollTrigger,
  ScheduleTrigger,
  SyncReply,
  Trigger,
  WebhookAuth,
  WebhookTrigger,
} from '../../crds/v1alpha1/trigger.ts'
import type { PlanOnError, PlanRetry } from './plan.ts'

// What a field means that was left out. Written down here and nowhere else: the plan holds the values, `weir plan` shows them.

export const retryDefaults: PlanRetry = { maxAttempts: 12, initialDelaySeconds: 1, maxDelaySeconds: 300, factor: 2 }
/** A built-in would fail again; only what a component calls can get better. */
export const builtInRetry: PlanRetry = { ...retryDefaults, maxAttempts: 1 }
export const thenDefault: PlanOnError['then'] = 'deadLetter'
export const timeoutSecondsDefault = 60
export const concurrencyDefaults = { process: 1, shared: 32 } as const
export const onUnknownDefault = 'deadLetter'

const scheduleDefaults = { timeZone: 'UTC', jitterSeconds: 0, missed: 'latest', overlap: 'allow' } as const
const pollDefaults = { untilEmpty: false } as const
export const webhookDefaults = { methods: ['POST'], reply: 'accepted', maxBodyBytes: 1_048_576 } as const
const acceptedDefaults = { status: 202 } as const
const syncDefaults = { timeoutSeconds: 30, onTimeout: 'accepted' } as const
const hmacDefaults = {
  header: 'x-signature',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: '',
  toleranceSeconds: 300,
} as const
const apiKeyDefaults = { in: 'header', name: 'X-API-Key' } as const

/** With the fields that have a default there. */
type Filled<Written, Defaults> = Omit<Written, keyof Defaults> & {
  readonly [Field in keyof Written & keyof Defaults]-?: NonNullable<Written[Field]>
}

export type PlanSchedule = Filled<ScheduleTrigger, typeof scheduleDefaults>
export type PlanPoll = Filled<PollTrigger, typeof pollDefaults>

export type PlanHmacAuth = Filled<HmacAuth, typeof hmacDefaults>

export interface PlanWebhookAuth extends Omit<WebhookAuth, 'hmac' | 'apiKey'> {
  readonly hmac?: PlanHmacAuth
  readonly apiKey?: Filled<ApiKeyAuth, typeof apiKeyDefaults>
}

export type PlanWebhook = Filled<Omit<WebhookTrigger, 'auth' | 'accepted' | 'sync'>, typeof webhookDefaults> & {
  readonly auth: PlanWebhookAuth
  readonly accepted: Filled<AcceptedReply, typeof acceptedDefaults>
  /** Holds with `reply: sync`. */
  readonly sync: Filled<SyncReply, typeof syncDefaults>
}

/** A trigger with every default in its place. */
export interface PlanTriggerSpec extends Omit<Trigger, 'schedule' | 'poll' | 'webhook'> {
  readonly schedule?: PlanSchedule
  readonly poll?: PlanPoll
  readonly webhook?: PlanWebhook
}

/** The trigger as written, with every default in its place. */
export function withTriggerDefaults({ schedule, poll, webhook, ...rest }: Trigger): PlanTriggerSpec {
  return {
    ...rest,
    ...(schedule && { schedule: { ...scheduleDefaults, ...schedule } }),
    ...(poll && { poll: { ...pollDefaults, ...poll } }),
    ...(webhook && { webhook: withWebhookDefaults(webhook) }),
  }
}

function withWebhookDefaults(webhook: WebhookTrigger): PlanWebhook {
  return {
    ...webhookDefaults,
    ...webhook,
    auth: withAuthDefaults(webhook.auth),
    accepted: { ...acceptedDefaults, ...webhook.accepted },
    sync: { ...syncDefaults, ...webhook.sync },
  }
}

export function withAuthDefaults({ hmac, apiKey, ...auth }: WebhookAuth): PlanWebhookAuth {
  return {
    ...auth,
    ...(hmac && { hmac: { ...hmacDefaults, ...hmac } }),
    ...(apiKey && { apiKey: { ...apiKeyDefaults, ...apiKey } }),
  }
}

/** The trigger without what it would have anyway: written out or left out, a default means the same. */
export function withoutTriggerDefaults(trigger: PlanTriggerSpec): Readonly<Record<string, unknown>> {
  const { schedule, poll, webhook, listen, manual } = trigger
  return {
    ...(schedule && { schedule: without(schedule, scheduleDefaults) }),
    ...(poll && { poll: without(poll, pollDefaults) }),
    ...(webhook && { webhook: withoutWebhookDefaults(webhook) }),
    ...(listen && { listen }),
    ...(manual && { manual }),
  }
}

function withoutWebhookDefaults(webhook: PlanWebhook): Readonly<Record<string, unknown>> {
  const { auth, accepted, sync, ...rest } = webhook
  const { hmac, apiKey } = auth
  return {
    ...without({ ...rest, methods: [...rest.methods].sort() }, webhookDefaults),
    auth: {
      ...auth,
      ...(hmac && { hmac: without(hmac, hmacDefaults) }),
      ...(apiKey && { apiKey: without(apiKey, apiKeyDefaults) }),
    },
    accepted: without(accepted, acceptedDefaults),
    sync: without(sync, syncDefaults),
  }
}

/** The fields that differ from their default. */
export function without<T extends object>(
  fields: T,
  defaults: Readonly<Partial<Record<keyof T, unknown>>>,
): Partial<T> {
  const kept: Partial<T> = {}
  for (const key in fields) if (!isSame(fields[key], defaults[key])) kept[key] = fields[key]
  return kept
}

function isSame(value: unknown, fallback: unknown): boolean {
  if (value === fallback) return true
  return typeof fallback === 'object' && JSON.stringify(value) === JSON.stringify(fallback)
}
