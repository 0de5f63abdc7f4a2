import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { Dialect, FunctionContract, Isolation } from '../../flow/component/component-contract.ts'

/** Runs component code in child processes; a child's crash, hang or hunger is a `CallResult`, never the runner's. */
export interface ComponentHost {
  /**
   * Waits for a free place in the step's child (starting it when there is none), then calls the function once.
   *
   * @param call.signal gives the call up while it has not started; afterwards it is ignored
   */
  readonly call: (call: Call) => Promise<CallResult>
  /**
   * Ends the key's child and resolves when it is gone, at once when there is none: what runs in it may finish until the deadline.
   * Calls that wait, or come later, get a new one.
   */
  readonly stop: (key: string, deadlineMs: number) => Promise<void>
  /** Takes no new calls, lets running ones finish until the deadline, then ends the children. Safe to repeat. */
  readonly close: (deadlineMs: number) => Promise<void>
  readonly stats: () => HostStats
}

/** Which child serves: equal keys share one. For `isolation: shared` the key names the component alone. */
export interface ChildSpec {
  readonly key: string
  /** The component's root directory, its working directory. */
  readonly directory: string
  readonly dialect: Dialect
  readonly isolation: Isolation
  /** Beside the contract's ELASTICIO_* and the component's own `env`. */
  readonly env: Readonly<Record<string, string>>
  readonly concurrency: number
  /** An endless trigger lives here: never reaped, never made to give up its place. */
  readonly keepAlive?: boolean
  /** Called once when the child of this spec's latest call is gone, however it ended. */
  readonly onExit?: () => void
  /** Megabytes of V8 heap. */
  readonly maxHeapMb?: number
  /** Flow and step that the child's output is logged under. */
  readonly labels: Readonly<Record<string, string>>
}

export interface Call {
  readonly child: ChildSpec
  readonly function: FunctionContract
  /** The message's JSON `{data, metadata, attachments}`, as it came: not parsed here. */
  readonly message: Buffer
  /** config < bind < credential, merged; what `process` gets as cfg. */
  readonly config: JsonObject
  /** Values of the credential: neither they nor what the config's own names call secret show in the child's output and failures. */
  readonly secrets?: readonly string[]
  readonly snapshot: unknown
  readonly context: CallContext
  /** From the start of the call, time spent in `onEmit` not counted. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  readonly onStart?: () => void
  /**
   * One emit of the component, in order. The component's `emit` resolves when the promise does; it rejects in the component when this rejects.
   * May be called after the result: late emits are normal.
   */
  readonly onEmit: (emit: Emit) => Promise<void>
}

/** What components read of where they run: environment, `tokenData`, logger fields. */
export interface CallContext {
  readonly flow: string
  readonly namespace: string
  readonly step: string
  readonly run: string
  readonly messageId: string
  readonly attempt: number
  readonly traceparent?: string
  /** Came back from a rebound. */
  readonly reboundReason?: string
}

export type Emit =
  /** A message: JSON `{data, metadata?, attachments?, …}`, stringified by the child, dialect already bridged. */
  | { readonly kind: 'data'; readonly message: Buffer }
  | { readonly kind: 'error'; readonly failure: ComponentFailure }
  /** Deliver the same message again later. A reason that is no text is its JSON, and goes back to the component as it was. */
  | { readonly kind: 'rebound'; readonly reason: string }
  /** Replaces the snapshot. */
  | { readonly kind: 'snapshot'; readonly value: unknown }
  /** Shallowly merged into the snapshot. */
  | { readonly kind: 'updateSnapshot'; readonly value: JsonObject }
  | { readonly kind: 'updateKeys'; readonly keys: JsonObject }
  | { readonly kind: 'httpReply'; readonly reply: JsonObject }

/** An error as the component gave it, whatever it was: duck-typed on `message`. */
export interface ComponentFailure {
  /** The error's `code` when it is one of ours to show, else `ComponentFailed`. */
  readonly code: string
  readonly message: string
  readonly name?: string
  readonly stack?: string
  /** The component says that trying again is useless (`permanent: true`). */
  readonly permanent?: boolean
  /** `retryAfterSeconds` of the error: no attempt is spent. */
  readonly retryAfterSeconds?: number
}

export type CallResult =
  /** The function has ended by the rules of its dialect. Its errors came by `onEmit`. */
  | { readonly kind: 'ended' }
  /** The child died, was killed or could not be started: `ComponentCrashed`, `StepTimedOut`, `ComponentOutOfMemory`, `ComponentLoadFailed`, `ComponentStartFailed`, `RunnerClosing`. */
  | {
      readonly kind: 'died'
      readonly failure: ComponentFailure
      /** Not this message's fault as far as anybody knows: to be called again, no attempt spent. Where any of several calls may have been the cause, the host runs each alone then. */
      readonly innocent?: boolean
    }
  /** Given up before it started. */
  | { readonly kind: 'notStarted' }

export interface HostStats {
  readonly children: number
  readonly running: number
  readonly waiting: number
  /** Calls that wait because every place for a child is taken. */
  readonly starving: number
}
