import type { Json } from '../../crds/v1alpha1/meta.ts'
import { defaultLimits } from '../../local/local-workers.ts'
import { checkBody } from '../../runtime/gateway/check-body.ts'
import type { FirstMessage } from '../../runtime/trigger/decide/first-message.ts'
import { handFiredMessage } from '../../runtime/trigger/decide/first-message.ts'
import { readJsonOption } from '../read-value.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import type { ChosenTrigger } from './choose-trigger.ts'

export interface HandFire {
  readonly data?: string
  readonly header: ReadonlyMap<string, string>
}

/**
 * The message that a trigger gives when it is fired by hand.
 *
 * @throws {UsageError} when what was given is no JSON, is too large, does not fit the webhook's schema, or cannot be given to this kind of trigger
 */
export async function firstMessage(
  { trigger }: ChosenTrigger,
  { data, header }: HandFire,
  { terminal, nowMs }: { readonly terminal: Pick<Terminal, 'stdin'>; readonly nowMs: number },
): Promise<FirstMessage> {
  if (header.size > 0 && trigger.kind !== 'webhook' && trigger.kind !== 'manual') {
    throw new UsageError(`--header goes with webhook and manual triggers, and "${trigger.name}" is a ${trigger.kind}`)
  }
  const value = data === undefined ? undefined : await readJsonOption({ option: '--data', text: data }, terminal)
  checkSchema(trigger, value)
  const first = handFiredMessage(trigger, {
    at: nowMs,
    ...(value !== undefined && { data: value }),
    ...(header.size > 0 && { headers: Object.fromEntries(header) }),
  })
  checkSize(first)
  return first
}

/** As the gateway would: what it refuses starts no run. */
function checkSchema({ name, spec }: ChosenTrigger['trigger'], data: Json | undefined): void {
  const schema = spec.webhook?.schema
  if (schema === undefined) return
  const checked = checkBody(schema, data)
  if (checked.kind === 'ok') return
  const problem = JSON.parse(checked.answer.body ?? '{}') as { detail?: string; errors?: readonly BodyError[] }
  const places = (problem.errors ?? []).map(({ path, message }) => `${path} ${message}`).join('; ')
  throw new UsageError(`--data: ${problem.detail ?? 'refused'} "${name}"${places === '' ? '' : `: ${places}`}`)
}

interface BodyError {
  readonly path: string
  readonly message: string
}

function checkSize({ message }: FirstMessage): void {
  const bytes = Buffer.byteLength(JSON.stringify(message))
  if (bytes <= defaultLimits.messageBytes) return
  const megabytes = (size: number): string => (size / 1024 / 1024).toFixed(1)
  throw new UsageError(
    `--data is too large: the message has ${megabytes(bytes)} MB, and at most ${megabytes(defaultLimits.messageBytes)} are allowed`,
  )
}
