import { setTimeout as pause } from 'node:timers/promises'
import { vi } from 'vitest'
import { deadQueue, unroutedQueue } from '../../../runtime/broker/broker.ts'
import type { Account } from './account.ts'
import { effectsIn } from './account.ts'
import type { FaultRig } from './fault-rig.ts'

/** Looks at which nothing must have moved. */
const stillLooks = 5
const lookEveryMs = 200

/** The account when nothing moves any more either: what was doubled late is counted, too. Rejects when that takes too long. */
export async function accountAtRest(rig: FaultRig, timeoutMs = 120_000): Promise<Account> {
  await rig.untilAccounted(timeoutMs)
  const givenUpAt = Date.now() + timeoutMs
  let still = 0
  let before = -1
  while (still < stillLooks) {
    if (Date.now() > givenUpAt) throw new Error('messages go on moving')
    await pause(lookEveryMs)
    const effects = (await effectsIn(rig.effects)).length
    const waiting = await waitingIn(rig)
    still = waiting === 0 && effects === before ? still + 1 : 0
    before = effects
  }
  return rig.untilAccounted()
}

/** Messages that nobody holds, in the living queues and beside them. */
async function waitingIn({ broker, store }: Pick<FaultRig, 'broker' | 'store'>): Promise<number> {
  const living = (await store.flows.list()).flatMap(({ state }) => state.living.map(({ queue }) => queue))
  const depths = await Promise.all([...living, deadQueue, unroutedQueue].map((queue) => broker.depth(queue)))
  return depths.reduce((sum, depth) => sum + (depth?.ready ?? 0), 0)
}

/** Messages under way beyond which no more are sent: a load is to be there, not to grow while nobody can work on it. */
const mostUnderWay = 600
const lines = 100

/** Sends until the work is done, so that whatever happens meanwhile happens under load. */
export async function underLoad<Result>(
  { sender, effects }: Pick<FaultRig, 'sender' | 'effects'>,
  work: () => Promise<Result>,
  data: (n: number) => object = () => ({}),
): Promise<Result> {
  const done = new AbortController()
  const limit = { sent: mostUnderWay }
  const watch = async (): Promise<void> => {
    while (!done.signal.aborted) {
      limit.sent = (await effectsIn(effects)).length + mostUnderWay
      await pause(lookEveryMs)
    }
  }
  // One that is held up holds up no other.
  const line = async (): Promise<void> => {
    while (!done.signal.aborted) {
      if (sender.sent() < limit.sent) await sender.send(1, { data })
      else await pause(lookEveryMs)
    }
  }
  const sending = Promise.all([watch(), ...Array.from({ length: lines }, line)])
  try {
    return await work()
  } finally {
    done.abort()
    await sending
  }
}

type Load = Pick<FaultRig, 'effects' | 'sender' | 'broker' | 'store'> & Partial<Pick<FaultRig, 'said'>>

/** Resolves when so many more have had their effect; rejects with where they are when that takes too long. */
export async function progress(rig: Load, count: number): Promise<void> {
  const effects = async (): Promise<number> => (await effectsIn(rig.effects)).length
  const before = await effects()
  const isDone = async (): Promise<boolean> => (await effects()) >= before + count
  try {
    await vi.waitUntil(isDone, { timeout: 120_000, interval: 50 })
  } catch (cause) {
    const waiting = await waitingIn(rig).catch(String)
    const figures = `${await effects()} effects, ${before} before; ${rig.sender.sent()} sent; ${waiting} wait`
    throw new Error(`no progress: ${figures}\n${rig.said?.() ?? ''}`, { cause })
  }
}
