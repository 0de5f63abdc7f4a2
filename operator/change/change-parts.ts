import type { Logger } from 'pino'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { Broker } from '../../runtime/broker/broker.ts'
import type { Unacknowledged } from '../../runtime/broker/management/unacknowledged.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Store } from '../../runtime/store/store.ts'
import type { ChangeWaits } from '../decide/change-waits.ts'

/** All that changes of flows stand on. */
export interface ChangeParts {
  readonly broker: Broker
  readonly store: Pick<Store, 'flows' | 'plans' | 'trackedRuns' | 'snapshots' | 'fires'>
  readonly clock: Clock
  readonly log: Logger
  /** What differs from the usual: `declaredMs: 0` where the broker cannot lose a young queue. */
  readonly waits?: Partial<ChangeWaits>
  /** Whether those who are to consume the pending revision's new queues are there; without it they always are. */
  readonly arePoolsReady?: (state: FlowState) => Promise<boolean>
  /** Told after the flow's state was written by this process, or was found changed by another. Must not throw. */
  readonly onChange?: (flow: string) => void
  /** How many messages of a queue are worked on, where the broker does not tell and its management does. */
  readonly unacknowledged?: Unacknowledged
  /** Whether this process declares the living queues of the flow, so that its broker knows them; by default those of all. */
  readonly declares?: (state: FlowState) => boolean
  /** A flow that was deleted may come again under the same uid, as a local one does: its last number is remembered. */
  readonly isUidReused?: boolean
  /** No other process changes these flows, and who did before is kept from it: no time is lost, and nothing written, to agree on who retires queues. */
  readonly isAlone?: boolean
  /** How often the states are looked at for what other processes have written; 5 s by default. */
  readonly pollMs?: number
}

/** What the parts of one driver share. */
export interface ChangeCore extends ChangeParts {
  readonly waits: ChangeWaits
  /** Names this process in leases. */
  readonly by: string
  readonly signal: AbortSignal
  readonly onChange: (flow: string) => void
  readonly isUidReused: boolean
}
