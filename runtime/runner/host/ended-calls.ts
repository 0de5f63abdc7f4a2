import type { Call } from '../component-host.ts'

/** Calls that have ended, kept for what their component still emits: the recent ones, and of each step the latest. */
export interface EndedCalls {
  readonly keep: (number: number, origin: number, call: Call) => void
  /** The call itself, or when it is long gone the latest of the same step: late emits are new executions anyway. */
  readonly find: (number: number, origin: number) => Call['onEmit'] | undefined
}

const mostCalls = 256
const mostBytes = 16 * 1024 * 1024

export function endedCalls(): EndedCalls {
  const recent = new Map<number, Call>()
  const latest = new Map<number, Call['onEmit']>()
  let bytes = 0
  const forgetOldest = (): void => {
    for (const [number, call] of recent) {
      if (recent.size <= mostCalls && bytes <= mostBytes) return
      recent.delete(number)
      bytes -= call.message.length
    }
  }
  return {
    keep: (number, origin, call) => {
      recent.set(number, call)
      latest.set(origin, call.onEmit)
      bytes += call.message.length
      forgetOldest()
    },
    find: (number, origin) => recent.get(number)?.onEmit ?? latest.get(origin),
  }
}
