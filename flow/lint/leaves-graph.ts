import type { Path } from '../finding/finding.ts'
import { meantField } from '../manifest/field-drafts.ts'

/** Fields that have no part in which ways a message may go. */
const besideGraph = {
  step: new Set(
    'function config bind credential timeoutSeconds concurrencyPerProcess order deduplicate dedicated transformMetadata'.split(
      ' ',
    ),
  ),
  edge: new Set(['when', 'otherwise', 'map']),
  onError: new Set(['retry', 'then']),
}

/** Whether a flow without the mistaken field has the steps, names and ways that were meant. */
export function leavesGraph(mistake: Path): boolean {
  const [root, part] = mistake
  if (root !== 'spec') return true
  if (part === 'steps') return isBesideSteps(mistake)
  return part !== 'triggers' || isBesideTriggers(mistake)
}

/** `['spec', 'steps', 0, 'next', 1, 'map']` and the like. */
function isBesideSteps(mistake: Path): boolean {
  const field = fieldAt(mistake, 3)
  if (field === undefined) return false
  if (field === 'next') return besideGraph.edge.has(fieldAt(mistake, 5) ?? '')
  if (field === 'onError') return besideGraph.onError.has(fieldAt(mistake, 4) ?? '')
  return besideGraph.step.has(field) || mistake.length > 4
}

/** Within its kind, a trigger is where it was; who waits for an answer is part of where `respond` may stand. */
function isBesideTriggers(mistake: Path): boolean {
  const inner = fieldAt(mistake, 4)
  return inner !== undefined && inner !== 'reply'
}

/** The field that was meant there; undefined when the path ends before, and when nobody can tell. */
function fieldAt(path: Path, at: number): string | undefined {
  const word = path[at]
  return typeof word === 'string' ? meantField('Flow', path.slice(0, at), word) : undefined
}
