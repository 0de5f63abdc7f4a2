import type { Call, CallResult } from '../component-host.ts'
import type { Child } from './child.ts'
import type { PlaceClaim } from './decide/assign-places.ts'
import type { HostLimits } from './host-options.ts'

/** The calls of one key, and the child that serves them. */
export interface Lane {
  readonly key: string
  readonly waiting: WaitingCall[]
  child: Child | undefined
  /** Messages that died with others in one child, by id: each runs alone until it has shown that it was not the cause. */
  readonly suspects: Set<string>
  /** Something runs alone. */
  isClosedToOthers: boolean
  onExit: (() => void) | undefined
  /** Who has given up a place stands behind those that waited for it then, by the order of calls. */
  gaveUpAt: number
}

export interface WaitingCall {
  readonly call: Call
  readonly resolve: (result: CallResult) => void
  /** Rises with every call of the host. */
  readonly order: number
  hasStarted: boolean
}

const mostSuspects = 1000

export function emptyLane(key: string): Lane {
  return {
    key,
    waiting: [],
    child: undefined,
    suspects: new Set(),
    isClosedToOthers: false,
    onExit: undefined,
    gaveUpAt: 0,
  }
}

/** Starts what waits, in order, as far as the child has room for it. */
export function startWaiting(lane: Lane, onEnd: () => void): void {
  for (let next = lane.waiting[0]; next !== undefined && hasRoomFor(lane, next); next = lane.waiting[0]) {
    lane.waiting.shift()
    startCall(lane, next, onEnd)
  }
}

/** Out of what waits: those whose signal has aborted. */
export function takeAborted(lane: Lane): readonly WaitingCall[] {
  const waiting = lane.waiting.splice(0)
  const isAborted = ({ call }: WaitingCall): boolean => call.signal?.aborted === true
  lane.waiting.push(...waiting.filter((one) => !isAborted(one)))
  return waiting.filter(isAborted)
}

function hasRoomFor({ child, isClosedToOthers, suspects }: Lane, { call }: WaitingCall): boolean {
  if (child?.state !== 'ready' || isClosedToOthers) return false
  return child.running < (suspects.has(call.context.messageId) ? 1 : call.child.concurrency)
}

function startCall(lane: Lane, waiting: WaitingCall, onEnd: () => void): void {
  const { call, resolve } = waiting
  const { messageId } = call.context
  waiting.hasStarted = true
  const isAlone = lane.suspects.has(messageId)
  lane.isClosedToOthers = isAlone
  lane.onExit = call.child.onExit
  lane.child?.start(call, (result) => {
    if (isAlone) lane.isClosedToOthers = false
    if (result.kind === 'ended') lane.suspects.delete(messageId)
    resolve(result)
    onEnd()
  })
}

export function suspect(lane: Lane, messageId: string): void {
  lane.suspects.add(messageId)
  const [oldest] = lane.suspects
  if (lane.suspects.size > mostSuspects && oldest !== undefined) lane.suspects.delete(oldest)
}

export function claimOf(lane: Lane, { beyondHeapMb }: Pick<HostLimits, 'beyondHeapMb'>): PlaceClaim {
  const { child, waiting } = lane
  const [oldest] = waiting
  return {
    key: lane.key,
    child: childState(lane),
    keepsPlace: oldest?.call.child.keepAlive ?? lane.child?.keepsPlace ?? false,
    ...(oldest !== undefined && { waitingSince: Math.max(oldest.order, lane.gaveUpAt) }),
    ...(child === undefined ? noChild : ownedBy(child)),
    ...wantedMb(oldest, beyondHeapMb),
  }
}

const noChild = { usedAtMs: 0, placedAtMs: 0, limitMb: 0 } as const

function ownedBy({ usedAtMs, placedAtMs, limitMb }: Child): Pick<PlaceClaim, keyof typeof noChild> {
  return { usedAtMs, placedAtMs, limitMb }
}

function wantedMb(oldest: WaitingCall | undefined, beyondHeapMb: number): Pick<PlaceClaim, 'wantedMb'> {
  const heapMb = oldest?.call.child.maxHeapMb
  return heapMb === undefined ? {} : { wantedMb: heapMb + beyondHeapMb }
}

function childState({ child, waiting }: Lane): PlaceClaim['child'] {
  if (child === undefined) return 'none'
  if (child.state !== 'ready') return child.state
  return child.running === 0 && waiting.length === 0 ? 'idle' : 'busy'
}
