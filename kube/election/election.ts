import { pause, systemClock, type Clock } from '../clock.ts'
import { noMeters, type Meters } from '../metrics/meters.ts'
import { readLease, releaseLease, writeLease, type Lease, type LeasePlace } from './lease.ts'

export interface ElectionTiming {
  /** How long the others wait after the last renewal that they saw. */
  readonly leaseMs: number
  /** A leader that has not renewed for so long leads no more. */
  readonly renewWithinMs: number
  /** Between two tries. */
  readonly retryMs: number
}

export interface ElectionOptions extends LeasePlace {
  /** Of this process; no other may have it. */
  readonly identity: string
  readonly timing?: Partial<ElectionTiming>
  readonly clock?: Clock
  readonly meters?: Meters
  /** From 0 up to 1. */
  readonly random?: () => number
}

/**
 * One of several processes leads, by a Lease.
 *
 * Times are spans of each process's own clock, never compared with another's: wrong clocks do no harm. `isLeader` turns false when the lease may have
 * lapsed, whether or not any timer has run: a process that was stopped and wakes does not believe that it leads. Whoever is told to stop ends its work,
 * and only then gives the lease up, at once.
 */
export interface Election {
  /**
   * Takes part until the signal is aborted. `lead` is called each time that this process becomes leader, with a signal for the end of it, and never
   * before the last call has ended.
   *
   * @throws what `lead` throws, after giving up the lease
   */
  readonly run: (signal: AbortSignal, lead: (leading: AbortSignal) => Promise<void>) => Promise<void>
  /** For `fencedClient`. */
  readonly isLeader: () => boolean
  /** Who held it when it was last looked at. */
  readonly leader: () => string | undefined
}

const defaultTiming: ElectionTiming = { leaseMs: 15_000, renewWithinMs: 10_000, retryMs: 2_000 }

/** What this process has seen. */
interface Seen {
  lease: Lease | undefined
  /** By `elapsed`: since when it has been as it is. */
  at: number
  /** By `elapsed`: when the last renewal that succeeded was sent; undefined while another leads. */
  renewedAt: number | undefined
}

interface Candidate {
  readonly options: ElectionOptions
  readonly clock: Clock
  readonly timing: ElectionTiming
  readonly random: () => number
  readonly seen: Seen
}

export function openElection(options: ElectionOptions): Election {
  const { clock = systemClock, random = Math.random, meters = noMeters, name } = options
  const timing = { ...defaultTiming, ...options.timing }
  const seen: Seen = { lease: undefined, at: clock.elapsed(), renewedAt: undefined }
  const candidate: Candidate = { options, clock, timing, random, seen }
  const isLeader = (): boolean => hasTime(candidate)
  meters.gauge('leader_election_master_status', { name }, () => (isLeader() ? 1 : 0))
  return {
    isLeader,
    leader: () => seen.lease?.spec?.holderIdentity || undefined,
    run: async (signal, lead) => {
      while (!signal.aborted) {
        if (await tryToHold(candidate)) await reign(candidate, signal, lead)
        // After a reign too: it ended for a reason, and another may do better.
        await pause(clock, timing.retryMs * (1 + random() / 5), signal)
      }
    },
  }
}

function hasTime({ clock, timing, seen }: Candidate): boolean {
  return seen.renewedAt !== undefined && clock.elapsed() - seen.renewedAt < timing.renewWithinMs
}

async function reign(
  candidate: Candidate,
  signal: AbortSignal,
  lead: (leading: AbortSignal) => Promise<void>,
): Promise<void> {
  const { options, clock, seen, timing } = candidate
  // Where the network or the clock ends the reign; the signal may do that too.
  const losing = new AbortController()
  const ending = new AbortController()
  const work = lead(AbortSignal.any([signal, losing.signal])).finally(() => ending.abort())
  const [renewing, lapsing] = [renewUntilLost(candidate, ending.signal), untilLapsed(candidate, ending.signal)]
  const lost = Promise.race([renewing, lapsing]).then(() => losing.abort(new Error('the lease is lost')))
  try {
    await work
  } finally {
    await Promise.all([renewing, lapsing, lost])
    const held = seen.lease
    const isHeld = hasTime(candidate) && held !== undefined
    seen.renewedAt = undefined
    if (isHeld) await releaseLease(options, held, { now: clock.now(), timeoutMs: timing.retryMs })
  }
}

/** Until it is lost, or given up by the signal. Goes on while the work ends: nobody else may begin before that. */
async function renewUntilLost(candidate: Candidate, ending: AbortSignal): Promise<void> {
  const { clock, timing, random } = candidate
  while (!ending.aborted && hasTime(candidate)) {
    const pausedMs = timing.retryMs * (0.8 + random() / 5)
    const pausedAt = clock.elapsed()
    await pause(clock, pausedMs, ending)
    if (ending.aborted) return
    // So busy, or stopped for so long, that the next renewal might be late: give way while there is time.
    if (clock.elapsed() - pausedAt - pausedMs > timing.renewWithinMs / 2) return
    await tryToHold(candidate)
  }
}

/** A renewal may hang for longer than there is time. */
async function untilLapsed(candidate: Candidate, ending: AbortSignal): Promise<void> {
  const { clock, timing, seen } = candidate
  while (!ending.aborted && hasTime(candidate))
    await pause(clock, (seen.renewedAt ?? 0) + timing.renewWithinMs - clock.elapsed() + 1, ending)
}

/** Takes the lease if nobody holds it, or holds it on. False as well when that is not known. */
async function tryToHold(candidate: Candidate): Promise<boolean> {
  const { options, clock, timing, seen } = candidate
  const timeoutMs = Math.max(1, timing.renewWithinMs / 2)
  const isLeading = seen.renewedAt !== undefined
  // A leader knows what it wrote; somebody else’s write makes its next one fail.
  if (!isLeading && !((await look(candidate, timeoutMs)) && isFree(candidate))) return false
  const startedAt = clock.elapsed()
  const holding = { identity: options.identity, leaseMs: timing.leaseMs, now: clock.now(), timeoutMs }
  const written = await writeLease(options, seen.lease, holding)
  if (written.kind === 'failed') {
    if (isLeading) await lookAfterFailure(candidate, timeoutMs)
    return false
  }
  seen.lease = written.value
  seen.at = startedAt
  // From when it was sent: the others count from when they saw it, which is later.
  seen.renewedAt = startedAt
  return true
}

/** Of a write whose answer was lost nobody knows: only what is there tells. */
async function lookAfterFailure(candidate: Candidate, timeoutMs: number): Promise<void> {
  const { options, seen } = candidate
  await look(candidate, timeoutMs)
  if (seen.lease?.spec?.holderIdentity !== options.identity) seen.renewedAt = undefined
}

async function look({ options, clock, seen }: Candidate, timeoutMs: number): Promise<boolean> {
  const read = await readLease(options, timeoutMs)
  if (read.kind === 'failed') return false
  const isSame = read.value?.metadata.resourceVersion === seen.lease?.metadata.resourceVersion
  if (!isSame || read.value === undefined) seen.at = clock.elapsed()
  seen.lease = read.value
  return true
}

function isFree({ options, clock, timing, seen }: Candidate): boolean {
  const { holderIdentity = '', leaseDurationSeconds = 0 } = seen.lease?.spec ?? {}
  if (holderIdentity === '' || holderIdentity === options.identity) return true
  // What its holder was told, where that is longer.
  return clock.elapsed() - seen.at >= Math.max(timing.leaseMs, leaseDurationSeconds * 1000)
}
