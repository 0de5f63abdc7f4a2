import type { Run, RunFilter, Store } from '../../runtime/store/store.ts'

/**
 * Runs with dead letters that nobody has replayed, newest first. Told by the letters, since observations may be missing: where
 * there are more than the limit, those in which something has died last.
 */
export async function failedRuns(
  { runs, deadLetters }: Pick<Store, 'runs' | 'deadLetters'>,
  { flow, startedFrom, limit = Infinity }: RunFilter,
): Promise<readonly Run[]> {
  const looked = new Set<string>()
  const found: Run[] = []
  const isWanted = (run: Run | undefined): run is Run =>
    run !== undefined && run.startedAt >= (startedFrom ?? run.startedAt)
  // Nothing dies before its run has begun.
  const since = startedFrom === undefined ? {} : { diedFrom: startedFrom }
  for await (const letter of deadLetters.scan({ ...(flow !== undefined && { flow }), ...since })) {
    if (letter.state === 'replayed' || looked.has(letter.run)) continue
    looked.add(letter.run)
    const run = await runs.get(letter.run)
    if (isWanted(run)) found.push(run)
    if (found.length >= limit) break
  }
  return found.toSorted((left, right) => right.startedAt - left.startedAt)
}
