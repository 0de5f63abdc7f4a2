import type { FlowState } from '../../flow/plan/flow-state.ts'
import { systemClock } from '../../kube/clock.ts'
import { openTurns } from '../../kube/controller/turns.ts'
import { openPoll } from '../../runtime/plans/poll.ts'
import type { ChangeCore } from './change-parts.ts'

/** Hears of what other processes have written. */
export interface StatePoll {
  /** Every flow that the store knows; resolves when each was looked at. */
  readonly all: () => Promise<void>
  /** As they were read last. */
  readonly states: () => readonly FlowState[]
  readonly close: () => Promise<void>
}

const defaultPollMs = 5000
const atATime = 16

type PollParts = Pick<ChangeCore, 'clock' | 'log' | 'store' | 'onChange' | 'pollMs'>

export function openStatePoll(core: PollParts, look: (flow: string) => Promise<void>): StatePoll {
  const { clock, log, store, pollMs = defaultPollMs } = core
  let versions = new Map<string, number>()
  let states: readonly FlowState[] = []

  const read = async (): Promise<ReadonlyMap<string, number>> => {
    const before = versions
    const known = await store.flows.list()
    versions = new Map(known.map(({ state, version }) => [state.flow, version]))
    states = known.map(({ state }) => state)
    return before
  }
  const lookAtChanged = async (): Promise<void> => {
    const before = await read()
    const flows = new Set([...before.keys(), ...versions.keys()])
    const changed = [...flows].filter((flow) => before.get(flow) !== versions.get(flow))
    for (const flow of changed) core.onChange(flow)
    await lookAtAll(changed, look)
  }
  const poll = openPoll({ clock, everyMs: pollMs }, () =>
    lookAtChanged().catch((err: unknown) => log.warn({ err }, 'states of flows not read, they will be read again')),
  )
  return {
    all: async () => {
      await read()
      await lookAtAll([...versions.keys()], look)
    },
    states: () => states,
    close: poll.close,
  }
}

/** One that fails is no reason to leave the others, and thousands of which there is nothing to do are none to keep all else waiting. */
async function lookAtAll(flows: readonly string[], look: (flow: string) => Promise<void>): Promise<void> {
  const left = flows.toReversed()
  const turns = openTurns(systemClock)
  const worker = async (): Promise<void> => {
    for (let flow = left.pop(); flow !== undefined; flow = left.pop()) {
      await look(flow).catch(() => {})
      await turns.next()
    }
  }
  await Promise.all(Array.from({ length: atATime }, worker))
}
