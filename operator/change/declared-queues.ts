import type { FlowState, StageQueue } from '../../flow/plan/flow-state.ts'
import { retireStages } from '../decide/retire-stages.ts'
import type { ChangeCore } from './change-parts.ts'
import { changeState } from './write-state.ts'

/**
 * The queues that this process has declared. Its broker declares them again after each reconnect, so it has to be told of every
 * one that is to die: else a process that slept would bring it back.
 */
export interface DeclaredQueues {
  readonly declare: (flow: string, queues: readonly StageQueue[]) => Promise<void>
  /** Declares what lives and this process did not know, and lets go of what lives no more. */
  readonly follow: (flow: string, state: FlowState | undefined) => Promise<void>
  /** Deletes all that this process has declared for the flow, before anybody knew of it. */
  readonly drop: (flow: string) => Promise<void>
  /** Somebody has deleted it: it is declared again by the next `follow`, if it lives. */
  readonly lose: (flow: string, queue: string) => void
}

export function declaredQueues(core: ChangeCore): DeclaredQueues {
  const flows = new Map<string, Map<string, StageQueue>>()
  const declare = async (flow: string, queues: readonly StageQueue[]): Promise<void> => {
    if (queues.length === 0) return
    const declared = flows.get(flow) ?? new Map<string, StageQueue>()
    flows.set(flow, declared)
    // Known before it is done: what failed half-way may still be there.
    for (const stage of queues) declared.set(stage.queue, stage)
    await core.broker.declareQueues(
      queues.map(({ queue: name, singleActiveConsumer }) => ({ name, singleActiveConsumer })),
    )
  }
  const letGo = async (
    flow: string,
    declared: Map<string, StageQueue>,
    state: FlowState | undefined,
  ): Promise<void> => {
    const wanted = new Set([...(state?.living ?? []), ...(state?.pending?.stages ?? [])].map(({ queue }) => queue))
    const lost = [...declared.values()].filter(({ queue }) => !wanted.has(queue))
    if (lost.length === 0) return
    // Nobody may know of them any more, and this process may just have brought them back: they go the whole way out again.
    await changeState(core, flow, (now) => now && retireStages(now, stray(now, lost), core.clock.now()))
    for (const { queue } of lost) {
      await core.broker.unbindQueue(queue)
      declared.delete(queue)
    }
    if (declared.size === 0) flows.delete(flow)
  }
  return {
    declare,
    follow: async (flow, state) => {
      const declared = flows.get(flow)
      if (declared !== undefined) await letGo(flow, declared, state)
      if (state === undefined || core.declares?.(state) === false) return
      const unknown = state.living.filter(({ queue }) => flows.get(flow)?.has(queue) !== true)
      await declare(flow, unknown)
    },
    drop: async (flow) => {
      const queues = [...(flows.get(flow)?.keys() ?? [])]
      flows.delete(flow)
      for (const queue of queues) {
        await core.broker.unbindQueue(queue)
        await core.broker.deleteQueue(queue)
      }
    },
    lose: (flow, queue) => void flows.get(flow)?.delete(queue),
  }
}

/** Those that the state does not speak of. */
function stray({ living, pending }: FlowState, lost: readonly StageQueue[]): StageQueue[] {
  const known = new Set([...living, ...(pending?.stages ?? [])].map(({ queue }) => queue))
  return lost.filter(({ queue }) => !known.has(queue))
}
