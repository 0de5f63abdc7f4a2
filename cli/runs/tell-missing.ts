import type { Store } from '../../runtime/store/store.ts'
import { count } from '../format-findings.ts'
import type { Output } from '../terminal.ts'

/** Says how many observations are missing, if any are: what is shown may not be all. */
export async function tellMissing(err: Output, { runs }: Pick<Store, 'runs'>): Promise<number> {
  const missing = await runs.dropped()
  if (missing > 0) {
    err.write(`${count(missing, 'observation')} found no room since the store began: what is shown may not be all\n`)
  }
  return missing
}
