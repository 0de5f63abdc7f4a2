import type { MessageView, Scope } from '../../flow/expression/expression.ts'
import { parseExpression } from '../../flow/expression/parse-expression.ts'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { readObjectOption } from '../read-value.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface EvalOptions {
  readonly message?: string
  readonly steps?: string
  readonly trigger?: string
  readonly run?: string
  readonly flow?: string
  readonly step?: string
}

/** Prints what an expression gives, as JSON; nothing for a missing value. Exit code 1 when it fails, 2 when it does not parse. */
export async function evalCommand({ terminal }: CommandContext, source: string, options: EvalOptions): Promise<number> {
  const parsed = parseExpression(source)
  if (parsed.kind === 'invalid') {
    const pointer = source.includes('\n') ? '' : `  ${source}\n  ${' '.repeat(parsed.offset)}^\n`
    terminal.err(
      `error ExpressionSyntax ${parsed.message}\n${pointer}${parsed.hint === undefined ? '' : `${parsed.hint}\n`}`,
    )
    return 2
  }
  const scope = await scopeOf(options)
  try {
    const value = await parsed.expression.evaluate(scope)
    if (value === undefined) terminal.err('(nothing: the expression gives no value)\n')
    else terminal.out(`${JSON.stringify(value, undefined, 2)}\n`)
    return 0
  } catch (error) {
    const { code = 'ExpressionFailed', message } = error as { code?: string; message: string }
    terminal.err(`error ${code} ${message}\n`)
    return 1
  }
}

async function scopeOf(options: EvalOptions): Promise<Scope> {
  const message = await optional('--message', options.message)
  const trigger = await optional('--trigger', options.trigger)
  const run = await optional('--run', options.run)
  return {
    message: messageView(message),
    steps: (await optional('--steps', options.steps)) as Scope['steps'],
    trigger: { name: 'by-hand', kind: 'manual', ...trigger },
    run: { id: text(run['id'], 'run-1'), startedAt: startOf(run['startedAt']) },
    flow: { name: 'flow', namespace: 'default', labels: {}, ...(await optional('--flow', options.flow)) },
    step: { name: options.step ?? 'step' },
  }
}

/** A message as `{data, metadata, attachments}`; without a `data` key the whole is taken for the data. */
function messageView(message: JsonObject): MessageView {
  const isMessage = ['data', 'metadata', 'attachments'].some((key) => key in message)
  const whole = isMessage ? message : { data: message }
  return {
    ...whole,
    data: whole['data'],
    metadata: asObject(whole['metadata']),
    attachments: asObject(whole['attachments']),
  }
}

function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}

function optional(option: string, value: string | undefined): Promise<JsonObject> {
  return value === undefined ? Promise.resolve({}) : readObjectOption(option, value)
}

function text(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback
}

function startOf(value: unknown): number {
  if (value === undefined) return Date.now()
  const at = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isFinite(at)) return at
  throw new UsageError('--run: startedAt must be an ISO 8601 time or milliseconds since 1970')
}
