import type { Delivery } from '../broker/broker.ts'
import type { CancelTimer, Clock } from '../clock.ts'
import type { Place, RestoringParts } from './restore-body.ts'
import { restoreBody } from './restore-body.ts'
import { openSlots } from './slots.ts'

export interface RestoringLine {
  readonly take: (delivery: Delivery) => void
  /** From now on nothing is delivered; what waits is the subscription's to give back. Safe to repeat. */
  readonly end: () => void
}

export interface LineOptions {
  readonly queue: string
  /** None may overtake another, though the store does not answer. */
  readonly isOrdered: boolean
  readonly onDelivery: (delivery: Delivery) => void
  readonly ending: AbortSignal
}

/** So long others wait behind a large message in a queue whose order nobody relies on: a store that is down may keep it for long. */
const inTurnMs = 1000

/** Puts large bodies back into their messages, and lets all go on in the order in which they came. */
export function openRestoringLine(parts: RestoringParts, options: LineOptions): RestoringLine {
  const { isOrdered } = options
  const own = new AbortController()
  const signal = AbortSignal.any([own.signal, options.ending])
  const slots = openSlots(parts.heldPerSubscription)
  let line: Place[] = []
  const lateness = openLateness(parts.clock, (place) => onTrouble(place))

  const deliver = (place: Place): void => goOn(place, signal.aborted ? undefined : options.onDelivery)
  const letGo = (): void => {
    while (line[0]?.outcome !== undefined) deliver(line.shift() as Place) // just looked at
  }
  const onTrouble = (place: Place): void => {
    if (isOrdered) return
    lateness.note(place)
    line = line.filter((one) => one !== place)
    letGo()
  }
  const onOutcome = (place: Place, outcome: Delivery | 'nowhere'): void => {
    lateness.forget(place)
    place.outcome = outcome
    if (line.includes(place)) letGo()
    // Others have overtaken it.
    else deliver(place)
  }
  const onImpatience = (place: Place): void => {
    lateness.forget(place)
    const at = line.indexOf(place)
    // Of an ordered line the later ones too, or they would come first.
    const givenBack = at === -1 || !isOrdered ? [place] : line.slice(at)
    line = line.filter((one) => !givenBack.includes(one))
    givenBack.forEach(giveBack)
    letGo()
  }
  const events = { onTrouble, onOutcome, onImpatience }
  return {
    take: (delivery) => {
      const isLarge = delivery.message.headers.blob !== undefined
      if (!isLarge && line.length === 0) return options.onDelivery(delivery)
      const place: Place = { delivery, isOver: false }
      if (!isLarge) place.outcome = delivery
      if (!isLarge || isOrdered || lateness.mayJoin(place)) line.push(place)
      if (isLarge) void restoreBody(parts, place, { queue: options.queue, slots, signal, events })
    },
    end: () => {
      own.abort()
      lateness.end()
    },
  }
}

function goOn(place: Place, onDelivery: LineOptions['onDelivery'] | undefined): void {
  const { outcome } = place
  place.isOver = true
  if (outcome !== undefined && outcome !== 'nowhere') onDelivery?.(outcome)
}

function giveBack(place: Place): void {
  place.isOver = true
  const { outcome, delivery } = place
  const held = outcome === undefined || outcome === 'nowhere' ? delivery : outcome
  held.requeue()
}

/** Which large deliveries keep nobody waiting any more. */
interface Lateness {
  /** Whether others are to wait behind it for a while; when the store is slow or down they are not to wait for the next one, either. */
  readonly mayJoin: (place: Place) => boolean
  readonly note: (place: Place) => void
  readonly forget: (place: Place) => void
  readonly end: () => void
}

function openLateness(clock: Clock, onLate: (place: Place) => void): Lateness {
  const timers = new Map<Place, CancelTimer>()
  const late = new Set<Place>()
  return {
    mayJoin: (place) => {
      if (late.size === 0)
        timers.set(
          place,
          clock.setTimer(inTurnMs, () => onLate(place)),
        )
      else late.add(place)
      return !late.has(place)
    },
    note: (place) => void late.add(place),
    forget: (place) => {
      late.delete(place)
      timers.get(place)?.()
      timers.delete(place)
    },
    end: () => {
      for (const cancel of timers.values()) cancel()
    },
  }
}
