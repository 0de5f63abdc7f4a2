import type { SnapshotOwner } from './store.ts'

/** The same for the same owner, whatever the names contain. */
export function snapshotOwnerKey({ flow, step, component, function: name }: SnapshotOwner): string {
  return JSON.stringify([flow, step, component, name])
}
