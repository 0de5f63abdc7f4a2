import type { FireStore } from '../store/store.ts'

/**
 * A mark says that a schedule is done with up to an instant without having fired: it was first seen then, or was suspended.
 * It is kept as a fire that is already published, at a time that no schedule names: those are whole seconds.
 */
export function isMark(at: number): boolean {
  return at % 1000 !== 0
}

export async function markDone(
  fires: FireStore,
  source: { readonly flow: string; readonly trigger: string; readonly revision: number },
  now: number,
): Promise<void> {
  const at = isMark(now) ? now : now + 1
  const fire = { flow: source.flow, trigger: source.trigger, revision: source.revision, at }
  if (await fires.insert(fire)) await fires.markPublished(fire)
}
