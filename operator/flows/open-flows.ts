import type { FlowState } from '../../flow/plan/flow-state.ts'
import { openController, type Reconciled } from '../../kube/controller/controller.ts'
import {
  byReference,
  isPeerChange,
  isSpecChange,
  mappedSource,
  primarySource,
  type Source,
} from '../../kube/controller/sources.ts'
import { keyOf } from '../../kube/kube-object.ts'
import type { OperatorCaches, OperatorPart } from '../operator-parts.ts'
import type { BesideState } from './decide/flow-status.ts'
import { openChanging } from './changing.ts'
import { openFlowCounting } from './flow-counting.ts'
import { webhookKeys } from './flow-indexes.ts'
import { idOf, type ClusterFlow, type FlowId, type FlowsParts, type FlowsTiming } from './flow-parts.ts'
import { openFlowReport } from './flow-report.ts'
import { openFlowJudge } from './observe-flow.ts'
import { reconcileFlow, type ReconcileParts } from './reconcile-flow.ts'

/** The controller of Flows. */
export interface Flows extends OperatorPart {
  /** The state of a flow was written, by its uid. */
  readonly notice: (flow: string) => void
  /** The same for all flows of a namespace. */
  readonly noticeAll: (namespace: string) => void
  /** What the flow's status says beside a state that is about to be written. */
  readonly besideState: (flow: ClusterFlow, state: FlowState) => BesideState
}

const usualTiming: FlowsTiming = { countMs: 30_000, blinkMs: 5_000 }
/** Longer than any server that answers takes. */
const timeoutMs = 120_000

/**
 * Makes each Flow's plan from what its namespace has, has it become active, and says how it is. What a flow names leads to it: a component, a credential,
 * an older flow with the same webhook, its namespace.
 */
export function openFlows(parts: FlowsParts): Flows {
  const { caches, clock, meters, log, tenants } = parts
  const timing = { ...usualTiming, ...parts.timing }
  const judge = openFlowJudge(caches)
  const enqueueUid = (uid: string, priority: 'child' | 'resync'): void => {
    for (const flow of caches.flows.byIndex('uid', uid)) controller.enqueue(keyOf(flow), priority)
  }
  const counting = openFlowCounting({ ...parts, everyMs: timing.countMs, onChange: (uid) => enqueueUid(uid, 'resync') })
  const report = openFlowReport({ ...parts, countersOf: counting.of })
  const changing = openChanging({
    gates: [tenants.gates.broker, tenants.gates.store],
    clock,
    onEnd: (uid, err) => {
      if (err !== undefined) log.warn({ flow: uid, err }, 'change of a flow has failed, it will be tried again')
      enqueueUid(uid, 'child')
    },
  })
  const reconciling = { ...parts, judge, report, changing }
  const controller = openController({
    name: 'flow',
    clock,
    meters,
    timeoutMs,
    sources: sourcesOf(parts),
    reconcile: (key, signal) => reconcileKey(reconciling, key, signal),
    onFailure: ({ key, error: err, retryAfterMs }) =>
      log.warn({ key, err, retryAfterMs }, 'flow not reconciled, it will be tried again'),
  })
  const forget = ({ namespace, uid }: FlowId): void => {
    judge.forget(uid)
    counting.forget(uid)
    report.forget(uid)
    if (caches.flows.byIndex('namespace', namespace).length === 0) void tenants.release(namespace)
  }
  return {
    notice: (uid) => enqueueUid(uid, 'child'),
    noticeAll: (name) =>
      caches.flows.byIndex('namespace', name).forEach((flow) => enqueueUid(idOf(flow).uid, 'resync')),
    besideState: (flow, state) => report.beside({ flow, state, verdict: judge.judge(flow), hindrance: undefined }),
    run: async (signal) => {
      const stopForgetting = caches.flows.subscribe(({ kind, object }) => {
        if (kind === 'removed') forget(idOf(object))
      })
      const ends = [stopForgetting, ...watchGates(parts, timing, enqueueUid)]
      await Promise.all([controller.run(signal), counting.run(signal)])
      for (const end of ends) end()
      report.close()
    },
  }
}

async function reconcileKey(parts: ReconcileParts, key: string, signal: AbortSignal): Promise<Reconciled> {
  const flow = parts.caches.flows.get(key)
  return flow === undefined ? { kind: 'done' } : reconcileFlow(parts, flow, signal)
}

/** What leads to a look at a flow. */
function sourcesOf({ caches, namespaces }: FlowsParts): readonly Source[] {
  const { flows, components, clusterComponents, credentials } = caches
  return [
    primarySource(flows, isSpecChange),
    mappedSource(components, byReference(flows, 'component')),
    mappedSource(clusterComponents, byReference(flows, 'clusterComponent')),
    mappedSource(credentials, byReference(flows, 'credential')),
    mappedSource(flows, (flow) => rivalKeys(flows, flow), isPeerChange),
    mappedSource(namespaces, ({ metadata: { name } }) => flows.byIndex('namespace', name).map(keyOf)),
  ]
}

/** The others that may be called by the same requests; which of them is right may have changed. */
function rivalKeys(flows: OperatorCaches['flows'], flow: ClusterFlow): string[] {
  const own = keyOf(flow)
  const rivals = webhookKeys(flow).flatMap((key) => flows.byIndex('webhook', key).map(keyOf))
  return rivals.filter((key) => key !== own)
}

/** Flows say when a server that they need is down, unless that is over in a moment, and when it is back. */
function watchGates(
  { tenants, caches, clock }: FlowsParts,
  { blinkMs }: FlowsTiming,
  enqueue: (uid: string, priority: 'resync') => void,
) {
  const all = (): void => {
    for (const flow of caches.flows.values()) enqueue(idOf(flow).uid, 'resync')
  }
  return Object.values(tenants.gates).map((gate) => {
    let cancel = (): void => {}
    const end = gate.onChange(() => {
      cancel()
      if (gate.trouble() === undefined) all()
      else cancel = clock.setTimer(blinkMs, all)
    })
    return () => {
      end()
      cancel()
    }
  })
}
