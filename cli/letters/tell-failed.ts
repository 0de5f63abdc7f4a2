import { count } from '../format-findings.ts'
import type { Output } from '../terminal.ts'
import type { Selection } from './select-letters.ts'

/** Says which letters were left out because `--where` failed on them, and gives the exit code. */
export function tellFailed(err: Output, { failed }: Pick<Selection, 'failed'>): number {
  const { count: letters, first } = failed()
  if (letters === 0) return 0
  err.write(
    `${err.style('red', 'error:')} --where failed on ${count(letters, 'dead letter')}, which are left out: ${first ?? ''}\n`,
  )
  return 1
}
