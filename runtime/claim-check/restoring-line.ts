import type { Delivery } from '../broker/broker.ts'
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

/** Puts large bodies back into their messages, and lets all go on in the order in which they came. */
export function openRestoringLine(parts: RestoringParts, options: LineOptions): RestoringLine {
  const { isOrdered, onDelivery } = options
  const own = new AbortController()
  const signal = AbortSignal.any([own.signal, options.ending])
  const slots = openSlots(parts.heldPerSubscription)
  let line: Place[] = []

  const deliver = (place: Place): void => {
    const { outcome } = place
    place.isOver = true
    if (outcome !== undefined && outcome !== 'nowhere' && !signal.aborted) onDelivery(outcome)
  }
  const letGo = (): void => {
    while (line[0]?.outcome !== undefined) deliver(line.shift() as Place) // just looked at
  }
  const onTrouble = (place: Place): void => {
    if (isOrdered) return
    line = line.filter((one) => one !== place)
    letGo()
  }
  const onOutcome = (place: Place, outcome: Delivery | 'nowhere'): void => {
    place.outcome = outcome
    if (line.includes(place)) letGo()
    // Others have overtaken it.
    else deliver(place)
  }
  const onImpatience = (place: Place): void => {
    const at = line.indexOf(place)
    // Of an ordered line the later ones too, or they would come first.
    const givenBack = at === -1 || !isOrdered ? [place] : line.slice(at)
    line = line.filter((one) => !givenBack.includes(one))
    for (const one of givenBack) {
      one.isOver = true
      const delivery = one.outcome === undefined || one.outcome === 'nowhere' ? one.delivery : one.outcome
      delivery.requeue()
    }
    letGo()
  }
  const events = { onTrouble, onOutcome, onImpatience }
  return {
    take: (delivery) => {
      const isLarge = delivery.message.headers.blob !== undefined
      if (!isLarge && line.length === 0) return onDelivery(delivery)
      const place: Place = { delivery, isOver: false }
      line.push(place)
      if (isLarge) void restoreBody(parts, place, { queue: options.queue, slots, signal, events })
      else place.outcome = delivery
    },
    end: () => own.abort(),
  }
}
