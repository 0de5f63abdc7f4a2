import { error, warning } from './code-row.ts'

/** What can be wrong within one flow. */
export const flowCodes = {
  AncestorOnSomePaths: warning(
    'An expression reads `$steps.NAME` of a step that only some of the ways to here pass; on the others it is missing.',
    'Make sure that the expression can do without it, or lead every way through the step.',
  ),
  ConcurrencyWithOrder: error(
    'A step that keeps a snapshot or the order works on one message at a time.',
    'Remove `concurrencyPerProcess`, or set it to 1.',
  ),
  Cycle: error(
    'Steps lead back to themselves, so that a message might never end.',
    'Break the way that the message shows.',
  ),
  DashInName: warning(
    'An expression subtracts where a name with `-` was probably meant, as in `$trigger.request.headers.content-type`.',
    'Put backticks around the name, or spaces around the `-`.',
  ),
  DuplicateEdge: warning(
    'Two edges of a step have the same target, condition and map: each message goes there twice.',
    'Remove one.',
  ),
  DuplicateName: error('Two steps or two triggers of a flow have the same name.', 'Rename one.'),
  ExpressionSyntax: error('The expression is no valid JSONata; line and column point into it.', 'Mend the expression.'),
  FieldNotForBuiltIn: error(
    'The field is for a step that runs a component; a built-in step has no code, process or queue of its own.',
    'Remove the field, or move it to the component step.',
  ),
  FieldWithoutEffect: error(
    'A field means nothing without another one, and that one is not there.',
    'Write the other one, or remove this one.',
  ),
  InvalidCron: error(
    'The cron expression cannot be read, or names a time that never comes.',
    'Mend it; the message says what is wrong.',
  ),
  InvalidSchema: error(
    'A webhook’s `schema` is no JSON Schema of draft 7, or has a pattern that takes no linear time, so that no request could be judged.',
    'Mend the schema at the place in the message; a pattern has no look-around and no back-references.',
  ),
  InvalidTimeZone: error('The time zone is no IANA name.', 'Write one as `Europe/Berlin` or `UTC`.'),
  InvalidWebhookPath: error('A webhook path cannot be matched.', 'Follow the rule in the message.'),
  MetadataWithoutTransform: error('`transformMetadata` stands only beside a `transform`.', 'Add `transform: data`.'),
  MissingFunction: error('A component step does not say which function it runs.', 'Write `function`.'),
  MissingNext: error(
    'As soon as one step of a flow has `next`, every step but the last of the list writes it.',
    'Write where its messages go, or `next: []` if they end here.',
  ),
  NotAnAncestor: error(
    'An expression reads `$steps.NAME` of a step that no message passes before it comes here.',
    'Name a step on the way, or lead the way through it.',
  ),
  OnErrorThenAndTo: error(
    '`onError` has both `then` and `to`.',
    'Keep one: `to` sends the message to a step, `then` ends it.',
  ),
  OtherwiseAlone: warning(
    '`otherwise` stands beside no edge with a `when`, so it is always taken.',
    'Remove `otherwise`, or give another edge a `when`.',
  ),
  OtherwiseTwice: error('A step has several edges with `otherwise`.', 'Keep one.'),
  OtherwiseWithWhen: error('An edge has both `otherwise` and `when`.', 'Keep one.'),
  RespondUnreachable: error(
    'A `respond` step is not reached from any webhook that waits for it.',
    'Give the webhook `reply: sync`, or remove the step.',
  ),
  RetryContradiction: error(
    'The first delay of a retry policy is longer than its longest.',
    'Raise `maxDelaySeconds` or lower `initialDelaySeconds`; one that is left out follows the other.',
  ),
  RetryOnBuiltIn: error(
    'A built-in step gets one attempt: what it computes would fail again.',
    'Remove `retry`; `then` and `to` stay.',
  ),
  StepKind: error(
    'A step is exactly one thing: a component or one of the built-ins.',
    'Keep one, or write what is missing; several make several steps.',
  ),
  StepsSubtraction: error(
    '`$steps.fetch-orders` is read as a subtraction, since `-` is an operator.',
    'Put backticks around the name: `` $steps.`fetch-orders` ``.',
  ),
  SyncWithoutRespond: error(
    'A webhook with `reply: sync` waits for a `respond` step, and none is on its way.',
    'Add one, or remove `reply: sync`.',
  ),
  TriggerKind: error(
    'A trigger is exactly one of `schedule`, `webhook`, `poll`, `listen` and `manual`.',
    'Keep one, or write what is missing; several make several triggers.',
  ),
  UnknownStep: error('An edge, an `onError.to` or a trigger leads to a step that does not exist.', 'Correct the name.'),
  UnknownStepReference: error('`$steps.NAME` names no step of the flow.', 'Correct the name.'),
  UnknownVariable: warning(
    'An expression reads a name with `$` that nothing binds, so it is always missing.',
    'Correct the name; there is `$steps`, `$trigger`, `$run`, `$flow` and `$step`, and what the expression itself binds.',
  ),
  UnreachableStep: error('No trigger leads to the step.', 'Lead a way to it, or remove it.'),
  WaitBeforeRespond: warning(
    'A `wait` stands between a webhook and its `respond`, while the caller holds the line.',
    'Respond first, or keep the wait well below the webhook’s time limit.',
  ),
  WaitKind: error('A `wait` has exactly one of `seconds` and `until`.', 'Keep one.'),
  WebhookAuth: error(
    'A webhook has exactly one kind of `auth`; an open one says so.',
    'Keep one, or write `auth: {none: {}}`.',
  ),
} as const
