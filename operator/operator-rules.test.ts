import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { clusterRules, leadingRules, rulesTable } from './operator-rules.ts'

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'operator.md'), 'utf8')

it('the page of the operator has every right as it is', () => {
  const rows = page.split('\n').filter((line) => /^\| `[a-z0-9.]+` +\| `[a-z/]+`/.test(line))
  const plain = (row: string): string => row.replaceAll(/ +/g, ' ')
  expect(rows.map(plain)).toEqual(rulesTable([...clusterRules, ...leadingRules]).map(plain))
})

it('asks for no right to everything, and none to give away more than it has', () => {
  for (const { apiGroup, resource, verbs } of clusterRules) {
    expect([apiGroup, resource, ...verbs]).not.toContain('*')
    expect(verbs).not.toContain('escalate')
    expect(verbs).not.toContain('bind')
  }
  // Nothing of a user's object but finalizers is ever written.
  const written = clusterRules.filter(({ verbs }) =>
    verbs.some((verb) => ['update', 'patch', 'delete', 'create'].includes(verb)),
  )
  const ofUsers = written.filter(({ apiGroup, resource }) => apiGroup === 'weir.dev' && !resource.includes('/'))
  expect(ofUsers.map(({ resource }) => resource)).toEqual(['flowrevisions', 'flows'])
})
