import type { Json, JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { ComponentContract, Dialect, FunctionContract } from '../../flow/component/component-contract.ts'
import { sleep, systemClock } from '../../runtime/clock.ts'
import type { Call, ComponentFailure, ComponentHost, Emit } from '../../runtime/runner/component-host.ts'
import { freshId } from '../../runtime/wire/message-id.ts'
import { wholeMessage } from '../whole-message.ts'
import { emitLine, settledLine } from './called-line.ts'

/** What all calls of one `component call` have in common. */
export interface CallTarget {
  readonly host: ComponentHost
  /** Of the component's code; absolute. */
  readonly directory: string
  readonly contract: ComponentContract
  readonly dialect: Dialect
  readonly function: FunctionContract
  readonly config: JsonObject
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Gives up what has not started. */
  readonly signal: AbortSignal
  readonly print: (line: JsonObject) => void
}

export interface Called {
  readonly isAcknowledged: boolean
  /** As the next message finds it: what was emitted, if the message was acknowledged. */
  readonly snapshot: Json
}

/** A component may emit a moment after its `end`; as long as emits follow each other so closely, there may be another. */
const lateEmitMs = 50
/** One that emits without an end is not waited for. */
const lateEmitsMs = 2000

/** Calls a function with one message and prints what it emits, then how the message is settled. */
export async function callOnce(
  target: CallTarget,
  { message, snapshot }: { readonly message: Json; readonly snapshot: Json },
): Promise<Called> {
  const { host, print } = target
  const failures: ComponentFailure[] = []
  let rebound: string | undefined
  let changed = snapshot
  let emits = 0
  const onEmit = async (emit: Emit): Promise<void> => {
    emits += 1
    print(emitLine(emit))
    if (emit.kind === 'error') failures.push(emit.failure)
    if (emit.kind === 'rebound') rebound = emit.reason
    if (emit.kind === 'snapshot') changed = emit.value as Json // it came as JSON
    if (emit.kind === 'updateSnapshot') changed = { ...(changed as JsonObject), ...emit.value } // a snapshot is an object, or spreads as none
  }
  const result = await host.call({
    ...callOf(target),
    message: Buffer.from(JSON.stringify(wholeMessage(message))),
    snapshot,
    onEmit,
  })
  const failure = result.kind === 'died' ? result.failure : failures[0]
  if (result.kind === 'notStarted') return { isAcknowledged: false, snapshot }
  // What comes late is shown, and settles nothing: as in a flow.
  const settled = settledLine({ ...(failure && { failure }), ...(rebound !== undefined && { rebound }) })
  const isAcknowledged = failure === undefined && rebound === undefined
  const called = { isAcknowledged, snapshot: isAcknowledged ? changed : snapshot }
  if (result.kind !== 'died') await untilQuiet(() => emits)
  print(settled)
  return called
}

async function untilQuiet(emitsSoFar: () => number): Promise<void> {
  const untilMs = systemClock.now() + lateEmitsMs
  for (let before = -1; before !== emitsSoFar() && systemClock.now() < untilMs;) {
    before = emitsSoFar()
    await sleep(systemClock, lateEmitMs)
  }
}

function callOf(target: CallTarget): Omit<Call, 'message' | 'snapshot' | 'onEmit'> {
  const { contract, function: called, config, timeoutMs, signal } = target
  const id = freshId()
  const step = called.name
  return {
    child: {
      key: 'call',
      directory: target.directory,
      dialect: target.dialect,
      isolation: contract.isolation,
      env: target.env,
      concurrency: 1,
      labels: { component: contract.name, function: step },
    },
    function: called,
    config,
    context: { flow: 'component-call', namespace: 'default', step, run: id, messageId: id, attempt: 1 },
    timeoutMs,
    signal,
  }
}
