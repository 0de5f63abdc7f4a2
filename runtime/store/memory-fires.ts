import type { Clock } from '../clock.ts'
import type { Work } from './memory-store.ts'
import type { Retention } from './retention.ts'
import type { Fire, FireStore } from './store.ts'

interface TriggerFires {
  readonly flow: string
  latestAt: number
  /** By scheduled time, in the order of inserting. */
  readonly byTime: Map<number, { readonly fire: Fire; isPublished: boolean }>
}

export function memoryFires(work: Work, clock: Clock, { firesMs }: Retention): FireStore {
  const triggers = new Map<string, TriggerFires>()
  const firesOf = (flow: string, trigger: string): TriggerFires | undefined =>
    triggers.get(JSON.stringify([flow, trigger]))

  return {
    insert: (fire) =>
      work(() => {
        const fires = firesOf(fire.flow, fire.trigger) ?? { flow: fire.flow, latestAt: fire.at, byTime: new Map() }
        if (fires.byTime.has(fire.at)) return false
        triggers.set(JSON.stringify([fire.flow, fire.trigger]), fires)
        fires.byTime.set(fire.at, { fire, isPublished: false })
        fires.latestAt = Math.max(fires.latestAt, fire.at)
        forgetOld(fires, clock.now() - firesMs)
        return true
      }),
    markPublished: ({ flow, trigger, at }) =>
      work(() => {
        const known = firesOf(flow, trigger)?.byTime.get(at)
        if (known !== undefined) known.isPublished = true
      }),
    due: (before) =>
      work(() =>
        [...triggers.values()]
          .flatMap(({ byTime }) => [...byTime.values()])
          .filter(({ fire, isPublished }) => !isPublished && fire.at < before)
          .map(({ fire }) => fire)
          .toSorted((left, right) => left.at - right.at),
      ),
    latest: (flow, trigger) => work(() => firesOf(flow, trigger)?.latestAt),
    remove: (flow) =>
      work(() => {
        for (const [key, { flow: own }] of triggers) if (own === flow) triggers.delete(key)
      }),
  }
}

function forgetOld({ byTime, latestAt }: TriggerFires, before: number): void {
  for (const [at, { isPublished }] of byTime) {
    if (!isPublished || at >= before || at === latestAt) break
    byTime.delete(at)
  }
}
