import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CancelTimer } from '../../clock.ts'
import type { Call, CallResult, ComponentFailure, ComponentHost, HostStats } from '../component-host.ts'
import { Child, startFailure } from './child.ts'
import { assignPlaces, type PlaceMoves, type PlaceRules, type Refused } from './decide/assign-places.ts'
import { usable } from './decide/share-memory.ts'
import type { HostLimits, HostOptions } from './host-options.ts'
import { defaultLimits } from './host-options.ts'
import type { Lane, WaitingCall } from './lane.ts'
import { claimOf, emptyLane, startWaiting, suspect, takeAborted } from './lane.ts'

/** A host without children; they come with the calls. Costs nothing until the first one. */
export function openComponentHost(options: HostOptions): ComponentHost {
  const host = new Host(options)
  return {
    call: (call) => host.call(call),
    stop: (key, deadlineMs) => host.stop(key, deadlineMs),
    close: (deadlineMs) => host.close(deadlineMs),
    stats: () => host.stats(),
  }
}

/** Between looks at the children's memory and idleness. */
const lookMs = 250

class Host {
  readonly #options: HostOptions
  readonly #limits: HostLimits
  readonly #lanes = new Map<string, Lane>()
  /** Heard of when they abort. */
  readonly #signals = new WeakSet<AbortSignal>()
  readonly #gone = new Set<Promise<void>>()
  /** Keys that have lost their child, and when. */
  readonly #recent = new Map<string, number>()
  #directory: Promise<string> | undefined
  #calls = 0
  #started = 0
  /** Somebody waits for a place. */
  #isContested = false
  #closing: Promise<void> | undefined
  #cancelLook: CancelTimer | undefined
  #cancelAgain: CancelTimer | undefined

  constructor(options: HostOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    options.launcher.onMemory(() => this.#assignPlaces())
  }

  call(call: Call): Promise<CallResult> {
    const { child, signal } = call
    if (this.#closing !== undefined || signal?.aborted === true) return Promise.resolve({ kind: 'notStarted' })
    return new Promise((resolve) => {
      const lane = this.#laneOf(child.key)
      const waiting: WaitingCall = { call, resolve, order: (this.#calls += 1), hasStarted: false }
      lane.waiting.push(waiting)
      if (lane.child === undefined) this.#assignPlaces()
      else this.#startWaiting(lane)
      if (signal !== undefined && !waiting.hasStarted) this.#watch(signal)
    })
  }

  stats(): HostStats {
    const lanes = [...this.#lanes.values()]
    const waiting = (some: readonly Lane[]): number => some.reduce((sum, lane) => sum + lane.waiting.length, 0)
    return {
      children: this.#gone.size,
      running: lanes.reduce((sum, lane) => sum + (lane.child?.running ?? 0), 0),
      waiting: waiting(lanes),
      starving: waiting(lanes.filter(({ child }) => child === undefined || child.state === 'leaving')),
    }
  }

  async stop(key: string, deadlineMs: number): Promise<void> {
    const child = this.#lanes.get(key)?.child
    if (child === undefined) return
    child.leave()
    const cancel = this.#options.clock.setTimer(deadlineMs, () => child.kill({ kind: 'closing' }))
    await child.gone
    cancel()
  }

  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs)
    return this.#closing
  }

  async #close(deadlineMs: number): Promise<void> {
    const { clock, launcher } = this.#options
    for (const lane of this.#lanes.values()) {
      this.#emptyWaiting(lane, { kind: 'notStarted' })
      lane.child?.leave()
    }
    const cancel = clock.setTimer(deadlineMs, () => {
      for (const { child } of this.#lanes.values()) child?.kill({ kind: 'closing' })
    })
    await Promise.all(this.#gone)
    cancel()
    this.#cancelLook?.()
    this.#cancelAgain?.()
    await launcher.close()
    const directory = await this.#directory
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  }

  #laneOf(key: string): Lane {
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const lane = emptyLane(key)
    this.#lanes.set(key, lane)
    return lane
  }

  #startWaiting(lane: Lane): void {
    startWaiting(lane, () => this.#startWaiting(lane))
    if (this.#isContested && lane.waiting.length === 0 && lane.child?.running === 0) this.#assignPlaces()
  }

  /** Many calls share a signal: one listener for it, and nothing to note or forget for each of them. */
  #watch(signal: AbortSignal): void {
    if (this.#signals.has(signal)) return
    this.#signals.add(signal)
    signal.addEventListener('abort', () => this.#giveUp(), { once: true })
  }

  /** What waits, and whose signal has aborted. */
  #giveUp(): void {
    for (const lane of this.#lanes.values()) {
      const given = takeAborted(lane)
      for (const { resolve } of given) resolve({ kind: 'notStarted' })
      this.#forgetWhenUnused(lane)
    }
  }

  #emptyWaiting(lane: Lane, result: CallResult): void {
    for (const waiting of lane.waiting.splice(0)) {
      waiting.resolve(result)
    }
  }

  #forgetWhenUnused({ key, child, waiting, suspects }: Lane): void {
    if (child === undefined && waiting.length === 0 && suspects.size === 0) this.#lanes.delete(key)
  }

  /** Gives places to the keys that wait for one, as far as there are any. */
  #assignPlaces(): void {
    const { launcher, clock } = this.#options
    const memory = launcher.memory()
    // Before anybody has said what there is for all of them, none is begun: it could not be made smaller.
    if (this.#closing !== undefined || memory.kind === 'unknown') return
    const claims = [...this.#lanes.values()].map((lane) => claimOf(lane, this.#limits))
    const rules = { ...placeRules(this.#limits, memory.limit?.usableMb), recent: this.#countRecent() }
    const moves = assignPlaces(claims, rules, clock.now())
    this.#enact(moves, memory.limit?.containerMb ?? 0)
  }

  #enact(moves: PlaceMoves, containerMb: number): void {
    this.#isContested = moves.isContested
    this.#cancelAgain?.()
    if (moves.againAfterMs !== undefined) {
      this.#cancelAgain = this.#options.clock.setTimer(moves.againAfterMs, () => this.#assignPlaces())
    }
    for (const { key, limitMb } of moves.start) this.#startChild(this.#laneOf(key), limitMb)
    for (const refused of moves.refuse) this.#refuse(refused, containerMb)
    for (const key of moves.leave) this.#leavePlace(this.#laneOf(key))
  }

  #refuse(refused: Refused, containerMb: number): void {
    this.#emptyWaiting(this.#laneOf(refused.key), { kind: 'died', failure: tooLarge(refused, containerMb) })
  }

  /** Those that have nothing to do now; a message for one of them may come at any moment. */
  #countRecent(): number {
    const since = this.#options.clock.now() - this.#limits.idleMs
    let count = 0
    for (const [key, goneAt] of this.#recent) {
      const lane = this.#lanes.get(key)
      if (goneAt < since || lane?.child !== undefined) this.#recent.delete(key)
      else if (lane === undefined || lane.waiting.length === 0) count += 1
    }
    return count
  }

  #leavePlace(lane: Lane): void {
    lane.gaveUpAt = this.#calls += 1
    lane.child?.leave()
  }

  #startChild(lane: Lane, limitMb: number): void {
    const [first] = lane.waiting
    if (first === undefined) return
    const child = new Child({
      host: this.#options,
      limits: this.#limits,
      limitMb,
      spec: first.call.child,
      firstCall: first.call,
      socketPath: this.#socketPath(),
      onReady: () => this.#startWaiting(lane),
      onSuspect: (call) => suspect(lane, call.context.messageId),
    })
    lane.child = child
    const gone = child.gone.then((failure) => {
      this.#gone.delete(gone)
      this.#onGone(lane, failure)
    })
    this.#gone.add(gone)
    if (this.#gone.size === 1) this.#lookLater()
  }

  #onGone(lane: Lane, failure: ComponentFailure | undefined): void {
    lane.child = undefined
    this.#recent.set(lane.key, this.#options.clock.now())
    if (failure !== undefined) this.#emptyWaiting(lane, { kind: 'died', failure })
    lane.onExit?.()
    lane.onExit = undefined
    this.#forgetWhenUnused(lane)
    this.#assignPlaces()
  }

  async #socketPath(): Promise<string> {
    this.#directory ??= mkdtemp(join(this.#options.socketDirectory ?? socketRoot(), 'weir-'))
    return join(await this.#directory, `${(this.#started += 1)}.sock`)
  }

  #lookLater(): void {
    const { clock } = this.#options
    this.#cancelLook?.()
    this.#cancelLook = clock.setTimer(Math.min(lookMs, this.#limits.idleMs), () => {
      if (this.#gone.size === 0) return
      for (const lane of this.#lanes.values()) this.#look(lane)
      this.#lookLater()
    })
  }

  #look({ child, waiting }: Lane): void {
    if (child === undefined || child.state === 'leaving') return
    void child.checkMemory()
    const isIdle = child.state === 'ready' && child.running === 0 && waiting.length === 0 && !child.keepsPlace
    if (isIdle && this.#options.clock.now() - child.usedAtMs >= this.#limits.idleMs) child.leave()
  }
}

function placeRules(
  { maxProcesses, minTenureMs, maxHeapMb, beyondHeapMb, leastChildMb }: HostLimits,
  totalMb: number | undefined,
): Omit<PlaceRules, 'recent'> {
  const usualMb = maxHeapMb + beyondHeapMb
  return { maxProcesses, minTenureMs, memory: { totalMb, usualMb, leastMb: Math.min(leastChildMb, usualMb) } }
}

function tooLarge({ neededMb, leftMb }: Refused, containerMb: number): ComponentFailure {
  const message = `the memory limit of its container, ${containerMb} MB, leaves ${leftMb} MB to its processes beside endless triggers, and one needs ${neededMb} MB: raise resources.limits.memory by ${Math.ceil((neededMb - leftMb) / usable)} MB or more`
  return startFailure(message)
}

/** A socket's path has room for a hundred bytes and a bit; some machines have long names for their temporary directory. */
function socketRoot(): string {
  const longest = 60
  return tmpdir().length > longest ? '/tmp' : tmpdir()
}
