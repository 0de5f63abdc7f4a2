import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { neededFields } from '../../flow/credential/needed-fields.ts'
import { credentialRules, secretRules } from './rules.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'credentials.md'), 'utf8')
const rows = page.split('\n').filter((line) => line.startsWith('|'))

function reasonsIn(file: string): string[] {
  const text = readFileSync(join(import.meta.dirname, 'decide', file), 'utf8')
  return [...text.matchAll(/(?:reason: |stalled\(\s*)'(\w+)'/g)].map(([, reason = '']) => reason)
}

describe('the page of credentials', () => {
  it('has every reason', () => {
    const reasons = new Set([...reasonsIn('credential-status.ts'), ...reasonsIn('app-status.ts')])
    expect(reasons.size).toBeGreaterThan(10)
    expect([...reasons].filter((reason) => !page.includes(`\`${reason}\``))).toEqual([])
  })

  it('has every type, with the fields that it needs', () => {
    for (const [type, needed] of Object.entries(neededFields)) {
      const row = rows.find((line) => line.split('|')[1]?.includes(`\`${type}\``))
      expect(row, type).toBeDefined()
      for (const field of needed.flat()) expect(row, type).toContain(`\`${field}\``)
    }
  })

  it('has what the operator must be allowed to', () => {
    for (const { apiGroups, resources, verbs } of [...credentialRules, ...secretRules]) {
      const group = apiGroups[0] === '' ? 'core' : `\`${apiGroups[0] ?? ''}\``
      const cells = [group, resources.map((resource) => `\`${resource}\``).join(', '), verbs.join(', ')]
      const has = rows.some((row) => cells.every((cell, at) => row.split('|')[at + 1]?.trim() === cell))
      expect(has, cells.join(' | ')).toBe(true)
    }
  })
})
