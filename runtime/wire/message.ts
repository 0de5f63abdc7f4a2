/** What travels beside the body: at most 4 KB, no user data. */
export interface MessageHeaders {
  /** The flow's uid. */
  readonly flow: string
  readonly revision: number
  readonly revisionHash: string
  readonly run: string
  /** Milliseconds since 1970; what `$now()` gives. */
  readonly runStartedAt: number
  readonly trigger: string
  /** The step where the message enters its stage. */
  readonly at: string
  /** It stands behind `at`: that step is done, its edges come next. */
  readonly left?: true
  /** 1 is the first delivery that counts. */
  readonly attempt: number
  /** New at every producer's publish; kept by redelivery, retry, forwarding and re-injection. */
  readonly copy: string
  /** Id of the message that gave it; absent in what a trigger gave. */
  readonly parent?: string
  /** Which replay of a dead letter it comes from; absent in what was never replayed. */
  readonly replay?: number
  /** How often it was re-injected from `unrouted`. */
  readonly hops: number
  /** Not to be worked on before this instant, in milliseconds since 1970. */
  readonly notBefore?: number
  /** Until this instant a wait may last, so that few hops through the delays reach it; beside `notBefore`. */
  readonly notAfter?: number
  /** The run's end gates something: see tracked runs. */
  readonly tracked?: true
  /** Queue of the gateway that waits for a `respond`. */
  readonly replyTo?: string
  readonly traceparent?: string
  /** The payload lies in the blob store under this id; what follows the carried values is empty. */
  readonly blob?: string
}

/** A message as the broker moves it. The body is `encodeBody`'s form. */
export interface WireMessage {
  readonly id: string
  readonly headers: MessageHeaders
  readonly body: Buffer
}
