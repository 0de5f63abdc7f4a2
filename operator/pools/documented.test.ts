import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'pools.md'), 'utf8')

/** Texts in quotes that can be a reason, of the parts of the operator that give one. */
function reasonsIn(...files: readonly string[]): string[] {
  const given = /(?:reason: |final\(|unusable\(\s*|\| )'([A-Z]\w+)'|^ {2}([A-Z]\w+): '/gm
  return files.flatMap((file) => {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8')
    return [...text.matchAll(given)].flatMap(([, one, other]) => one ?? other ?? [])
  })
}

/** Told of by another: `ErrImagePull` as what it comes to, `None` of a warning that is not there. */
const unsaid = ['ErrImagePull', 'None']

it('the page of pools has every reason that a component or a pool can have', () => {
  const reasons = new Set(
    reasonsIn(
      'decide/component-status.ts',
      'decide/judge-pool.ts',
      'decide/judge-inspection.ts',
      'decide/pod-trouble.ts',
      'decide/pool-report.ts',
      'read-inspection.ts',
    ),
  )
  expect(reasons.size).toBeGreaterThan(20)
  expect([...reasons].filter((reason) => !unsaid.includes(reason) && !page.includes(`\`${reason}\``))).toEqual([])
})
