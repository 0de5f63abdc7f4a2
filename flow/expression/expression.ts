import type { JsonObject } from '../../crds/v1alpha1/meta.ts'

/** What an expression sees. The root is the message; the rest is bound as `$steps`, `$trigger`, `$run`, `$flow`, `$step`. */
export interface Scope {
  readonly message: MessageView
  /** This message's ancestor at each step that the flow's expressions name, reduced to the paths they read. */
  readonly steps: Readonly<Record<string, Partial<MessageView>>>
  readonly trigger: TriggerView
  readonly run: { readonly id: string; readonly startedAt: number }
  readonly flow: {
    readonly name: string
    readonly namespace: string
    readonly labels: Readonly<Record<string, string>>
  }
  readonly step: { readonly name: string }
}

/** A message as expressions and components see it; a webhook's first message has further keys (`headers`, `query`, …). */
export interface MessageView {
  readonly data: unknown
  readonly metadata: Readonly<Record<string, unknown>>
  readonly attachments: Readonly<Record<string, unknown>>
  readonly [extra: string]: unknown
}

export interface TriggerView {
  readonly name: string
  readonly kind: string
  readonly scheduledAt?: string
  readonly data?: unknown
  readonly request?: JsonObject
}

/** A compiled expression. Evaluating never blocks for longer than the limits, never changes its input, and gives plain JSON or undefined. */
export interface Expression {
  readonly source: string
  readonly references: References
  /**
   * The result or a promise of it: await it. Missing is `undefined`.
   *
   * @throws {ExpressionError} when the expression fails or reaches a limit
   */
  readonly evaluate: (scope: Scope) => unknown
}

/** What an expression reads beyond its own message. A path `[]` is the whole. */
export interface References {
  /**
   * Step name to the paths read of that ancestor, as `{ check: [['data', 'id']] }`. The key `everyStep` stands for all steps, where it
   * cannot be known which are read, as in `$lookup($steps, data.name)`; what is under it holds for the named ones too.
   */
  readonly steps: Readonly<Record<string, readonly (readonly string[])[]>>
  /** Paths below `$trigger`, as `[['request', 'headers']]`. */
  readonly trigger: readonly (readonly string[])[]
  /** True when the expression reads of the message something that only a parsed body can give; a constant does not. */
  readonly message: boolean
}

/** The key of `References.steps` for all steps; no step has this name. */
export const everyStep = '*'

export type ParsedExpression =
  | { readonly kind: 'ok'; readonly expression: Expression; readonly warnings: readonly ExpressionWarning[] }
  | {
      readonly kind: 'invalid'
      readonly message: string
      /** Characters into the source, 0-based. */
      readonly offset: number
      readonly hint?: string
    }

/** It can be evaluated, and can hardly be meant. */
export interface ExpressionWarning {
  /** `Subtraction`: `$steps.fetch-orders` takes `orders` from the message of `fetch`. `UnknownName`: `$nmae` is bound nowhere. */
  readonly kind: 'Subtraction' | 'UnknownName'
  readonly message: string
  /** Characters into the source, 0-based. */
  readonly offset: number
  /** What was probably meant, to be written there instead. */
  readonly hint?: string
}

export interface ExpressionLimits {
  readonly timeMs: number
  /** Functions that call each other; a call in last place does not count. */
  readonly depth: number
  /** Values in the result and elements of a list; a text may have ten times as many characters, all that one evaluation builds five times as much. */
  readonly size: number
}

/** A failed evaluation; it would fail again, so the message is not retried. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
  /** `ExpressionFailed`, `ExpressionTimedOut`, `ExpressionTooDeep`, `ExpressionTooLarge`. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
