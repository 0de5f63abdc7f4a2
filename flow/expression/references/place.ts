/** Where a value may come from: a path below the message, below `$steps` or below `$trigger`. `null` is a member that is not known by name. */
export interface Place {
  readonly root: 'message' | 'steps' | 'trigger'
  readonly path: readonly (string | null)[]
}

/** Deeper than this a place stands for all that is below it, so that a search over loops ends. */
const deepest = 16

export function member(places: readonly Place[], name: string | null): readonly Place[] {
  return places.map((place) => {
    if (place.path.length > deepest) return place
    return { root: place.root, path: [...place.path, place.path.length === deepest ? null : name] }
  })
}

/** All that is below, however deep. */
export function anyBelow(places: readonly Place[]): readonly Place[] {
  return member(member(places, null), null)
}

export function parentOf(places: readonly Place[]): readonly Place[] {
  return places.map((place) =>
    place.path.length > deepest ? place : { root: place.root, path: place.path.slice(0, -1) },
  )
}

export function placeKey({ root, path }: Place): string {
  return JSON.stringify([root, ...path])
}

/** More places than this are no longer told apart. */
const mostPlaces = 64

export function unite(...sets: readonly (readonly Place[])[]): readonly Place[] {
  const [only = [], ...more] = sets.filter((set) => set.length > 0)
  if (more.length === 0) return only
  const united = [...new Map([only, ...more].flat().map((place) => [placeKey(place), place])).values()]
  return united.length > mostPlaces ? anywhere(new Set(united.map(({ root }) => root))) : united
}

/** All that is below the roots. */
export function anywhere(roots: Iterable<Place['root']>): readonly Place[] {
  return Array.from(roots, (root) => ({ root, path: Array.from({ length: deepest + 1 }, () => null) }))
}
