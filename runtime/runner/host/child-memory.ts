import type { ChildMemory } from './child-launcher.ts'
import { usableMb } from './decide/share-memory.ts'

/** @param limitBytes of the container; undefined without a limit */
export function childMemory(limitBytes: number | undefined, ownBytes = 0): ChildMemory {
  if (limitBytes === undefined) return { kind: 'known' }
  return {
    kind: 'known',
    limit: { containerMb: Math.floor(limitBytes / 2 ** 20), usableMb: usableMb(limitBytes, ownBytes) },
  }
}
