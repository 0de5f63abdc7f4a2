import type { CancelTimer, Clock } from '../../../clock.ts'
import type { Cursor } from './cursor.ts'

export interface CallQueue {
  /** Resolves with what the answer says, behind its method's number; rejects with what `fail` is given. */
  readonly wait: (answer: number) => Promise<Buffer>
  /** False when nobody waits for this method now. */
  readonly answer: (method: number, cursor: Cursor) => boolean
  readonly isWaiting: () => boolean
  readonly fail: (error: Error) => void
}

interface Call {
  readonly answer: number
  readonly resolve: (reply: Buffer) => void
  readonly reject: (error: Error) => void
  readonly cancelTimer: CancelTimer
}

/**
 * The calls of one channel: a server answers them in the order of asking.
 *
 * @param onTimeout told the method that did not come in time; the channel is of no use after that
 */
export function callQueue(
  clock: Clock,
  { timeoutMs, onTimeout }: { readonly timeoutMs: number; readonly onTimeout: (answer: number) => void },
): CallQueue {
  let calls: Call[] = []
  return {
    wait: (answer) =>
      new Promise((resolve, reject) => {
        const cancelTimer = clock.setTimer(timeoutMs, () => onTimeout(answer))
        calls.push({ answer, resolve, reject, cancelTimer })
      }),
    answer: (method, { bytes, at, end }) => {
      const [call] = calls
      if (call?.answer !== method) return false
      calls.shift()
      call.cancelTimer()
      // A copy: the frame's bytes may share a chunk with much else.
      call.resolve(Buffer.from(bytes.subarray(at, end)))
      return true
    },
    isWaiting: () => calls.length > 0,
    fail: (error) => {
      const failed = calls
      calls = []
      for (const { cancelTimer, reject } of failed) {
        cancelTimer()
        reject(error)
      }
    },
  }
}
