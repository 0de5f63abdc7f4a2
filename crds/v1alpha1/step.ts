import type { JsonObject } from './meta.ts'
import type { Code, DnsLabel, ExpressionText, FunctionName, ObjectName } from './text.ts'

/**
 * One node of the graph: a component's function, or exactly one built-in.
 *
 * @x-kubernetes-validations [
 *   {rule: "dyn(self).size() == 2 ? has(self.transform) || has(self.set) || has(self.filter) || has(self.log) || has(self.split) || has(self.wait) || has(self.respond) || has(self.fail) || has(self.component) || has(self.clusterComponent) : has(self.component) ? !(has(self.clusterComponent) || has(self.transform) || has(self.set) || has(self.filter) || has(self.log) || has(self.split) || has(self.wait) || has(self.respond) || has(self.fail)) : [has(self.clusterComponent), has(self.transform), has(self.set), has(self.filter), has(self.log), has(self.split), has(self.wait), has(self.respond), has(self.fail)].filter(x, x).size() == 1",
 *    message: "a step is exactly one of component, clusterComponent, transform, set, filter, split, wait, log, fail, respond", fieldPath: ".name"},
 *   {rule: "has(self.component) || has(self.clusterComponent) ? has(self.__function__) : !has(self.__function__)",
 *    message: "`function` names what the component does: a component step needs it, a built-in has none", fieldPath: ".function"},
 *   {rule: "dyn(self).size() == 2 || has(self.component) || has(self.clusterComponent) || !(has(self.config) || has(self.bind) || has(self.credential) || has(self.timeoutSeconds) || has(self.concurrencyPerProcess) || has(self.order) || has(self.deduplicate) || has(self.dedicated))",
 *    message: "config, bind, credential, timeoutSeconds, concurrencyPerProcess, order, deduplicate and dedicated belong to a component step", fieldPath: ".name"},
 *   {rule: "dyn(self).size() == 2 || !has(self.transformMetadata) || has(self.transform)",
 *    message: "`transformMetadata` stands beside a `transform`", fieldPath: ".transformMetadata"}
 * ]
 */
export interface Step {
  /** Unique among the flow's steps; expressions see an ancestor there as `$steps.NAME`. */
  readonly name: DnsLabel
  /** A Component of the flow's namespace. */
  readonly component?: DnsLabel
  /** A ClusterComponent. */
  readonly clusterComponent?: DnsLabel
  /** Which of the component's functions is called. */
  readonly function?: FunctionName
  /** What the function gets with every message, literally. */
  readonly config?: JsonObject
  /**
   * Config values computed from each message: an expression a key.
   *
   * @maxProperties 64
   */
  readonly bind?: Readonly<Record<string, ExpressionText>>
  /** A Credential of the flow's namespace; its fields are merged over config and bind. */
  readonly credential?: ObjectName
  /** Built-in: gives the new `data`. */
  readonly transform?: ExpressionText
  /** Beside `transform`: gives the new `metadata`. */
  readonly transformMetadata?: ExpressionText
  /**
   * Built-in: the new `data`, an expression a field.
   *
   * @minProperties 1
   * @maxProperties 256
   */
  readonly set?: Readonly<Record<string, ExpressionText>>
  /** Built-in: only messages for which this is true go on. */
  readonly filter?: ExpressionText
  /** Built-in: gives a list, and each of its elements becomes a message. */
  readonly split?: ExpressionText
  /** Built-in: the message goes on later. */
  readonly wait?: WaitStep
  /** Built-in: what this gives becomes a log line; the message goes on as it is. */
  readonly log?: ExpressionText
  /** Built-in: the message fails here. */
  readonly fail?: FailStep
  /** Built-in: answers the request that started the run. */
  readonly respond?: RespondStep
  /**
   * Where messages go from here: along every edge whose `when` is true, or that has none.
   *
   * @maxItems 16
   * @x-kubernetes-list-type atomic
   * @x-kubernetes-validations [
   *   {rule: "self.filter(e, has(e.otherwise) && e.otherwise).size() <= 1",
   *    message: "at most one edge of a step is `otherwise: true`"}
   * ]
   */
  readonly next?: readonly Edge[]
  /** What happens when the step fails. */
  readonly onError?: OnError
  /**
   * How long one call may take; 60 s when left out.
   *
   * @minimum 0.1
   * @maximum 1200
   */
  readonly timeoutSeconds?: number
  /**
   * How many messages a child process has at a time; 1 when left out, 32 for a component that is `isolation: shared`.
   *
   * @asType integer
   * @minimum 1
   * @maximum 1000
   */
  readonly concurrencyPerProcess?: number
  /** Messages run one by one, in the order in which they came. */
  readonly order?: Readonly<Record<string, never>>
  /** The same thing is done once within a window of time. */
  readonly deduplicate?: Deduplicate
  /** The step gets pods of its own. */
  readonly dedicated?: Readonly<Record<string, never>>
}

/**
 * How long a message waits.
 *
 * @x-kubernetes-validations [
 *   {rule: "dyn(self).size() == 1",
 *    message: "wait either `seconds`, or `until` an instant that an expression gives", fieldPath: ".seconds"}
 * ]
 */
export interface WaitStep {
  /**
   * From the message's arrival here.
   *
   * @minimum 0.1
   * @maximum 31536000
   */
  readonly seconds?: number
  /** An expression that gives an instant: ISO 8601, or milliseconds since 1970. */
  readonly until?: ExpressionText
}

/** The error of a message that fails on purpose; it is not retried. */
export interface FailStep {
  /** Literal, as `OrderWithoutCustomer`. */
  readonly code: Code
  /** An expression. */
  readonly message: ExpressionText
}

/** Each an expression; status 200 when left out, body the message's data. */
export interface RespondStep {
  /** An expression that gives an HTTP status. */
  readonly status?: ExpressionText
  /**
   * An expression a header.
   *
   * @maxProperties 64
   */
  readonly headers?: Readonly<Record<string, ExpressionText>>
  /** An expression that gives the answer's body. */
  readonly body?: ExpressionText
}

/**
 * The way from one step to another.
 *
 * @x-kubernetes-validations [
 *   {rule: "!(has(self.when) && has(self.otherwise) && self.otherwise)",
 *    message: "an edge has either `when` or `otherwise: true`", fieldPath: ".when"}
 * ]
 */
export interface Edge {
  /** The step at the other end. */
  readonly to: DnsLabel
  /** An expression: the edge is taken when it is true, as `$boolean` judges. */
  readonly when?: ExpressionText
  /** Taken when no edge with a `when` was. */
  readonly otherwise?: boolean
  /** An expression that gives the new `data` on this way. */
  readonly map?: ExpressionText
}

/**
 * What happens when a step fails.
 *
 * @x-kubernetes-validations [
 *   {rule: "!has(self.to) || !has(self.then)",
 *    message: "after the last attempt a message goes either to a step (`to`) or where `then` says", fieldPath: ".to"}
 * ]
 */
export interface OnError {
  /** How often, and with which pauses, it is tried again. */
  readonly retry?: Retry
  /** After the last attempt: a dead letter (default), or dropped and counted. */
  readonly then?: 'deadLetter' | 'discard'
  /** After the last attempt: to this step, the error in `metadata.error`. */
  readonly to?: DnsLabel
}

/**
 * How often, and with which pauses, a message is tried again.
 *
 * @x-kubernetes-validations [
 *   {rule: "!has(self.initialDelaySeconds) || !has(self.maxDelaySeconds) || self.initialDelaySeconds <= self.maxDelaySeconds",
 *    message: "maxDelaySeconds must not be below initialDelaySeconds", fieldPath: ".maxDelaySeconds"}
 * ]
 */
export interface Retry {
  /**
   * The first included; 12 when left out, 1 means no retry.
   *
   * @asType integer
   * @minimum 1
   * @maximum 1000
   */
  readonly maxAttempts?: number
  /**
   * From the first failure to the second attempt; 1 s when left out.
   *
   * @minimum 0.1
   * @maximum 86400
   */
  readonly initialDelaySeconds?: number
  /**
   * No pause is longer; 300 s when left out.
   *
   * @minimum 0.1
   * @maximum 86400
   */
  readonly maxDelaySeconds?: number
  /**
   * By which each pause is longer than the one before; 2 when left out.
   *
   * @minimum 1
   * @maximum 100
   */
  readonly factor?: number
}

/** The same thing is done once within a window of time. */
export interface Deduplicate {
  /**
   * From when it was done.
   *
   * @minimum 0.1
   * @maximum 31536000
   */
  readonly windowSeconds: number
  /** An expression: messages for which it gives the same are the same thing. */
  readonly key: ExpressionText
  /** What to do when nobody knows whether it was done: a dead letter (default), or try again. */
  readonly onUnknown?: 'deadLetter' | 'retry'
}
