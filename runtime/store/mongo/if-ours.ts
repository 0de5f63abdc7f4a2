import type { Collection, Filter } from 'mongodb'

/**
 * Whether the last write of an entry is the one of that name: asked after a write that found nothing to change, since it
 * may itself have changed it before its answer was lost. That write has waited for a majority to have what it found, so
 * this read sees it too; a linearizable one would wait for the journal's next interval, 100 ms.
 */
export async function ifOurs<Entry extends { readonly _id: string; readonly by: string }>(
  collection: Collection<Entry>,
  id: string,
  by: string,
): Promise<boolean> {
  const filter = { _id: id } as Filter<Entry> // every entry has a text there
  return (await collection.findOne(filter))?.by === by
}
