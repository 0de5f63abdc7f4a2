import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'
import type { PoolMember } from '../decide/queue-rank.ts'
import type { MemberStore } from '../store/member-store.ts'

/** Who shares the queues of pools with this process, as the store tells. */
export interface Membership {
  readonly id: string
  /** This process included; undefined while nobody can tell. */
  readonly members: () => readonly PoolMember[] | undefined
  /** Told after `members` has changed. Returns what ends it. */
  readonly onChange: (listener: () => void) => () => void
  /** Says to the others that it goes. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface MembershipParts {
  readonly store: { readonly members: MemberStore }
  readonly member: PoolMember
  readonly clock: Clock
  readonly log: Logger
}

/** A store that is opened late has been opened by then. */
const firstMs = 3_000
const everyMs = 5_000
/** Who has not been heard of for so long is gone. */
const memberMs = 15_000
/** It is a courtesy: others find out by themselves. */
const leaveMs = 1_000

export function openMembership(parts: MembershipParts): Membership {
  const { store, member, clock } = parts
  const closing = new AbortController()
  const view = openView(parts)
  const follow = async (): Promise<void> => {
    await sleep(clock, firstMs, closing.signal)
    while (!closing.signal.aborted) {
      await announce(parts, view)
      await sleep(clock, everyMs, closing.signal)
    }
  }
  const following = follow().catch(() => {}) // it was closed
  const close = async (): Promise<void> => {
    closing.abort()
    const bye = new AbortController()
    const late = sleep(clock, leaveMs, bye.signal).catch(() => {})
    // After the last announcement: that would undo it.
    const leaving = following.then(() => store.members.leave(member.id)).catch(() => {})
    await Promise.race([leaving, late])
    bye.abort()
    view.close()
  }
  let closed: Promise<void> | undefined
  return { id: member.id, members: view.members, onChange: view.onChange, close: () => (closed ??= close()) }
}

async function announce({ store, member, log }: MembershipParts, view: View): Promise<void> {
  try {
    view.put(await store.members.announce(member, memberMs))
  } catch (err) {
    // What was heard last counts for a while; the store itself tells that it is down.
    log.debug({ err }, 'not announced, it is tried again')
  }
}

interface View extends Pick<Membership, 'members' | 'onChange'> {
  readonly put: (members: readonly PoolMember[]) => void
  readonly close: () => void
}

/** What was told last, for as long as it counts. */
function openView({ clock }: Pick<MembershipParts, 'clock'>): View {
  const listeners = new Set<() => void>()
  let known: readonly PoolMember[] | undefined
  let text = ''
  let forget = (): void => {}
  const change = (members: readonly PoolMember[] | undefined): void => {
    const next = JSON.stringify(members?.toSorted((left, right) => (left.id < right.id ? -1 : 1))) ?? ''
    known = members
    if (next === text) return
    text = next
    for (const tell of listeners) tell()
  }
  return {
    members: () => known,
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    put: (members) => {
      forget()
      forget = clock.setTimer(memberMs, () => change(undefined))
      change(members)
    },
    close: () => {
      forget()
      listeners.clear()
    },
  }
}
