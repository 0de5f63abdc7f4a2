import { setImmediate } from 'node:timers/promises'
import { canonicalJson } from '../../flow/plan/canonical-json.ts'
import {
  flowStateInStatus,
  mostStateBytes,
  readFlowState,
  stateBytes,
  type CountedState,
} from '../../flow/plan/flow-status.ts'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { openBackoff, type Backoff } from '../../kube/backoff.ts'
import { pause } from '../../kube/clock.ts'
import type { KubeError } from '../../kube/transport/kube-error.ts'
import { PermanentError, TransientError } from '../../runtime/error.ts'
import { clusterFailure } from '../../runtime/plans/kubernetes/cluster-failure.ts'
import { flowNotFound } from '../../runtime/store/flow-not-found.ts'
import type { FlowStateStore } from '../../runtime/store/store.ts'
import type { ClusterStatesParts } from './cluster-states.ts'
import { openFlowFinder, type ClusterFlow, type FinderParts, type FlowFinder } from './flow-finder.ts'
import { sendRemoval, sendState, type Sending } from './send-state.ts'

const listedAtOnce = 200
/** A write that is put off so often will not get through now. */
const mostTries = 8
const retryPolicy = { firstMs: 50, factor: 3, longestMs: 2_000 }

/**
 * States of the flows of one namespace, in their Flows.
 *
 * A write names the version that was read, and the server carries it out on whatever the Flow is by then: no edit of the spec and no other write of the
 * status is in its way. After an answer that was lost the Flow is read again.
 *
 * A Flow that is not there has no state: the first write of one is a PermanentError `FlowNotFound`. A state that cannot be read is a PermanentError
 * `FlowStateMalformed`; `list` leaves such out, and says so in the log. An edit for which there is no room yet is a TransientError `FlowStateTooLarge`.
 */
export function openFlowStates(parts: ClusterStatesParts & FinderParts, namespace: string): FlowStateStore {
  const finder = openFlowFinder(parts, namespace)
  const own = { ...parts, finder }
  const complained = new Set<string>()
  const tell = (flow: ClusterFlow, err: unknown): void => {
    const { name, resourceVersion } = flow.metadata
    const key = `${name} ${resourceVersion}`
    if (!complained.has(key))
      parts.log.error({ flow: name, namespace, err }, 'state of a flow not readable, it is left as it is')
    if (complained.size > 1_000) complained.clear()
    complained.add(key)
  }
  return {
    get: async (uid) => {
      const flow = await finder.find(uid)
      return flow && stateOf(flow)
    },
    list: async () => {
      const states: CountedState[] = []
      for (const [at, flow] of (await finder.all()).entries()) {
        // Of thousands it takes a while, in which others want to do something too.
        if (at % listedAtOnce === listedAtOnce - 1) await setImmediate()
        try {
          const state = stateOf(flow)
          if (state !== undefined) states.push(state)
        } catch (error) {
          tell(flow, error)
        }
      }
      return states
    },
    put: (state, before) => write(own, { uid: state.flow, before, next: state }),
    remove: async (uid, before) =>
      (await write(own, { uid, before, next: undefined })) === 'conflict' ? 'conflict' : 'removed',
  }
}

interface Own extends ClusterStatesParts {
  readonly finder: FlowFinder
}

interface Wanted {
  readonly uid: string
  readonly before: number
  /** Undefined takes it away, and lets the Flow go. */
  readonly next: FlowState | undefined
}

type Written = 'written' | 'conflict'

async function write(own: Own, wanted: Wanted): Promise<Written> {
  const backoff = openBackoff(retryPolicy, Math.random)
  let trial: Trial = { flow: await own.finder.find(wanted.uid), isLost: false, failure: undefined }
  for (let tries = 0; tries < mostTries; tries += 1) {
    // Who did not hear the answer may be the one who has written what stands there.
    if (trial.isLost && isWritten(trial.flow, wanted)) return 'written'
    const known = await compared(own, wanted, trial.flow)
    if (known.kind === 'settled') return known.outcome
    const failure = await send(own, wanted, known.flow)
    if (failure === undefined) return 'written'
    trial = await afterFailure(own, wanted, { ...trial, failure }, backoff)
  }
  // It may still be carried out, later than it was looked at last.
  if (trial.isLost) own.finder.doubt(wanted.uid)
  throw problemOf(trial.failure)
}

interface Trial {
  readonly flow: ClusterFlow | undefined
  /** One of the writes may have been carried out. */
  readonly isLost: boolean
  readonly failure: KubeError | undefined
}

async function afterFailure(
  { finder, clock }: Own,
  { uid }: Wanted,
  { failure, isLost: wasLost }: Trial & { readonly failure: KubeError },
  backoff: Backoff,
): Promise<Trial> {
  if (isHopeless(failure)) throw clusterFailure(failure)
  finder.doubt(uid)
  // The server's own word that something is otherwise than we think needs no pause.
  if (failure.status !== 422) await pause(clock, Math.max(backoff.nextMs(), failure.retryAfterMs ?? 0))
  return { flow: await finder.look(uid), isLost: wasLost || isLost(failure), failure }
}

function problemOf(failure: KubeError | undefined): Error {
  if (failure === undefined) return new TransientError('ClusterRefused', 'the state was not written')
  if (failure.status !== 422) return clusterFailure(failure)
  return new PermanentError('FlowStateRefused', failure.message, { cause: failure })
}

type Compared =
  { readonly kind: 'settled'; readonly outcome: Written } | { readonly kind: 'same'; readonly flow: ClusterFlow }

/** Whether the version is still the one that was read. */
async function compared(
  { finder }: Own,
  { uid, before, next }: Wanted,
  seen: ClusterFlow | undefined,
): Promise<Compared> {
  let flow = seen
  // A cache that is behind says nothing about who is ahead of it.
  if (flow !== undefined && versionOf(flow) < before) flow = await finder.look(uid)
  if (flow === undefined) return { kind: 'settled', outcome: goneOutcome(uid, before, next) }
  if (next === undefined && versionOf(flow) === 0) return { kind: 'same', flow }
  return versionOf(flow) === before ? { kind: 'same', flow } : { kind: 'settled', outcome: 'conflict' }
}

function goneOutcome(uid: string, before: number, next: FlowState | undefined): Written {
  if (next === undefined) return 'written'
  if (before > 0) return 'conflict'
  throw flowNotFound(uid)
}

/** Undefined when it was carried out. */
async function send(own: Own, { uid, before, next }: Wanted, flow: ClusterFlow): Promise<KubeError | undefined> {
  const { client, finder, beside } = own
  const sending: Sending = { client, flow, before, note: finder.note }
  if (next === undefined) {
    const failure = await sendRemoval(sending)
    if (failure === undefined && flow.metadata.deletionTimestamp !== undefined) finder.lose(uid)
    return failure
  }
  const state = flowStateInStatus({ state: next, version: before + 1 })
  assertRoom(flow, next, stateBytes(state))
  return sendState(sending, { ...beside?.(flow, next), state })
}

/** Only edits make it larger by much, and they can wait. */
function assertRoom(flow: ClusterFlow, next: FlowState, bytes: number): void {
  if (bytes <= mostStateBytes || next.lastRevision <= (stateOf(flow)?.state.lastRevision ?? 0)) return
  const message = `the state of Flow ${next.namespace}/${next.name} would take ${bytes} bytes of its status, of which ${mostStateBytes} are for it: the edit waits until queues of earlier ones are gone`
  throw new TransientError('FlowStateTooLarge', message)
}

/** The server has it, as far as one can tell who did not hear the answer. */
function isWritten(flow: ClusterFlow | undefined, { before, next }: Wanted): boolean {
  if (flow === undefined || next === undefined || versionOf(flow) !== before + 1) return false
  const status = flow.status as { readonly state?: unknown } | undefined
  return canonicalJson(status?.state) === canonicalJson(flowStateInStatus({ state: next, version: before + 1 }))
}

/** Nothing was sent, or nobody waits for it. */
function isHopeless({ kind }: KubeError): boolean {
  return kind === 'fenced' || kind === 'aborted'
}

function isLost({ kind, status }: KubeError): boolean {
  return kind !== 'refused' || status >= 500
}

/** @throws {PermanentError} `FlowStateMalformed` */
function stateOf(flow: ClusterFlow): CountedState | undefined {
  const read = readFlowState(flow)
  if (read.kind === 'malformed') throw new PermanentError('FlowStateMalformed', read.problem)
  return read.kind === 'none' ? undefined : { state: read.state, version: read.version }
}

function versionOf(flow: ClusterFlow): number {
  return stateOf(flow)?.version ?? 0
}
