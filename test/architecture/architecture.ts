import { cycleViolations, importViolations } from './import-rules.ts'
import { barrelViolations, nameViolations } from './name-rules.ts'
import { processViolations } from './process-rules.ts'
import { purityViolations } from './purity-rules.ts'
import { readSourceFiles, type Violation } from './source-file.ts'

const rules = [importViolations, cycleViolations, purityViolations, processViolations, nameViolations, barrelViolations]

/** Everything in the tree below the root that breaks the rules of docs/decisions. */
export function architectureViolations(root: string): Violation[] {
  const files = readSourceFiles(root)
  return rules.flatMap((rule) => rule(files))
}
