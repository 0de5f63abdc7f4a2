import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { flowConditionTypes } from './decide/flow-conditions.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operator.md'), 'utf8')

it('the page of the operator has every type and reason of a flow’s conditions', () => {
  const texts = ['decide/flow-conditions.ts', 'decide/flow-status.ts', 'reconcile-flow.ts']
  const given = texts.flatMap((file) => [
    ...readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(
      /(?:reason(?: =|:) |'Deleting' : |\w+Available', )'([A-Z]\w+)'/g,
    ),
  ])
  const reasons = new Set([...given.map(([, reason = '']) => reason), 'FlowStateMalformed', 'Findings'])
  expect(reasons.size).toBeGreaterThan(15)
  const said = [...flowConditionTypes, ...reasons].filter((name) => page.includes(`\`${name}\``))
  expect(said).toEqual([...flowConditionTypes, ...reasons])
})
