import type { Json, JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { MessageView, Scope } from '../../flow/expression/expression.ts'
import { parseExpression } from '../../flow/expression/parse-expression.ts'
import { readJsonOption, readObjectOption } from '../read-value.ts'
import type { Output, Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { wholeMessage } from '../whole-message.ts'
import type { CommandContext } from './context.ts'

export interface EvalOptions {
  readonly message?: string
  readonly steps?: string
  readonly trigger?: string
  readonly run?: string
  readonly flow?: string
  readonly step?: string
}

/** Prints what an expression gives, as JSON; nothing for a missing value. Exit code 1 when it fails, 2 when it cannot be read. */
export async function evalCommand({ terminal }: CommandContext, source: string, options: EvalOptions): Promise<number> {
  const { out, err } = terminal
  const parsed = parseExpression(source)
  if (parsed.kind === 'invalid') {
    pointAt(err, source, { ...parsed, title: 'error: ExpressionSyntax' })
    return 2
  }
  for (const warning of parsed.warnings) pointAt(err, source, { ...warning, title: 'warning:' })
  const scope = await scopeOf(options, terminal)
  try {
    const value = await parsed.expression.evaluate(scope)
    if (value === undefined) err.write('(nothing: the expression gives no value)\n')
    else out.write(`${JSON.stringify(value, undefined, 2)}\n`)
    return 0
  } catch (error) {
    const { code = 'ExpressionFailed', message } = error as { code?: string; message: string } // an ExpressionError
    err.write(`error: ${code} ${message}\n`)
    return 1
  }
}

interface Remark {
  readonly title: string
  readonly message: string
  readonly offset: number
  readonly hint?: string
}

function pointAt({ write }: Output, source: string, { title, message, offset, hint }: Remark): void {
  const pointer = source.includes('\n') ? [] : [`  ${source}`, `  ${' '.repeat(offset)}^`]
  const lines = [`${title} ${message}`, ...pointer, ...(hint === undefined ? [] : [hint])]
  write(lines.map((line) => `${line}\n`).join(''))
}

async function scopeOf(options: EvalOptions, terminal: Terminal): Promise<Scope> {
  const object = (option: string, text = '{}'): Promise<JsonObject> => readObjectOption({ option, text }, terminal)
  const message = await readJsonOption({ option: '--message', text: options.message ?? '{}' }, terminal)
  const trigger = await object('--trigger', options.trigger)
  const run = await object('--run', options.run)
  const flow = await object('--flow', options.flow)
  return {
    message: wholeMessage(message) as unknown as MessageView, // an expression takes what there is
    steps: (await object('--steps', options.steps)) as Scope['steps'], // likewise
    trigger: { name: 'by-hand', kind: 'manual', ...trigger },
    run: { id: typeof run['id'] === 'string' ? run['id'] : 'run-1', startedAt: startOf(run['startedAt']) },
    flow: { name: 'flow', namespace: 'default', labels: {}, ...flow },
    step: { name: options.step ?? 'step' },
  }
}

function startOf(value: Json | undefined): number {
  if (value === undefined) return Date.now()
  const at = typeof value === 'number' || typeof value === 'string' ? new Date(value).getTime() : Number.NaN
  if (Number.isFinite(at)) return at
  throw new UsageError('--run: startedAt must be an ISO 8601 time or milliseconds since 1970')
}
