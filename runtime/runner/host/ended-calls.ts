import type { RingDeque } from '../../ring-deque.ts'
import { emptyDeque, lastWhere, pushLast, shiftFirst } from '../../ring-deque.ts'
import type { Call } from '../component-host.ts'

/** Calls that have ended, kept for what their component still emits: the recent ones, and of each step the latest. */
export interface EndedCalls {
  readonly keep: (number: number, origin: number, call: Pick<Call, 'message' | 'onEmit'>) => void
  /** The call itself, or when it is long gone the latest of the same step: late emits are new executions anyway. */
  readonly find: (number: number, origin: number) => Call['onEmit'] | undefined
}

/** Little of it: the call itself holds all that it was made with. */
interface EndedCall {
  readonly number: number
  /** Of its message, which whoever takes its emits may hold. */
  readonly bytes: number
  readonly onEmit: Call['onEmit']
}

const mostCalls = 256
const mostBytes = 16 * 1024 * 1024

export function endedCalls(): EndedCalls {
  const recent: RingDeque<EndedCall> = emptyDeque()
  /** By origin. */
  const latest: Call['onEmit'][] = []
  let bytes = 0
  return {
    keep: (number, origin, { message, onEmit }) => {
      pushLast(recent, { number, bytes: message.length, onEmit })
      latest[origin] = onEmit
      bytes += message.length
      while (recent.size > mostCalls || bytes > mostBytes) bytes -= shiftFirst(recent)?.bytes ?? 0
    },
    find: (number, origin) => lastWhere(recent, (ended) => ended.number === number)?.onEmit ?? latest[origin],
  }
}
