import type { TakeBytes } from './body-bytes.ts'
import type { GatewayLimits } from './gateway-parts.ts'

/** How much there is to do at the moment, and whether more may come. */
export interface Load {
  /** No more may come now; who waits for a response is asked about apart. */
  readonly isFull: (isSync: boolean) => boolean
  /** Counts a request while it is received or published, with what it takes of memory. */
  readonly receiving: <Result>(task: (take: TakeBytes) => Promise<Result>) => Promise<Result>
  /** Counts a caller while it waits for a response. */
  readonly waiting: <Result>(task: () => Promise<Result>) => Promise<Result>
  readonly isIdle: () => boolean
  readonly inFlight: () => number
  readonly waiters: () => number
  readonly isClosing: () => boolean
  /** What has begun is finished; who asks is told. */
  readonly close: () => void
}

/** @param whole that this is a part of: what is done here counts there as well */
export function openLoad(limits: GatewayLimits, whole?: Load): Load {
  let [inFlight, waiters, bufferedBytes] = [0, 0, 0]
  let isClosing = false
  const receiving: Load['receiving'] = async (task) => {
    let taken = 0
    const take: TakeBytes = (count) => {
      taken += count
      bufferedBytes += count
      return bufferedBytes <= limits.bufferedBytes
    }
    inFlight += 1
    try {
      if (whole === undefined) return await task(take)
      return await whole.receiving((takeOfWhole) =>
        task((count) => {
          const hasRoom = take(count)
          return takeOfWhole(count) && hasRoom
        }),
      )
    } finally {
      inFlight -= 1
      bufferedBytes -= taken
    }
  }
  const waiting: Load['waiting'] = async (task) => {
    waiters += 1
    try {
      return await (whole === undefined ? task() : whole.waiting(task))
    } finally {
      waiters -= 1
    }
  }
  return {
    receiving,
    waiting,
    isFull: (isSync) =>
      inFlight >= limits.inFlight || (isSync && waiters >= limits.waiting) || whole?.isFull(isSync) === true,
    isIdle: () => inFlight + waiters === 0,
    inFlight: () => inFlight,
    waiters: () => waiters,
    isClosing: () => isClosing || whole?.isClosing() === true,
    close: () => {
      isClosing = true
    },
  }
}
