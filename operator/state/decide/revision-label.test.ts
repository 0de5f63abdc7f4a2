import { describe, expect, it } from 'vitest'
import { revisionLabelOf, type RevisionLabel } from './revision-label.ts'

const state = { lastRevision: 5, active: 3, pending: { revision: 5, hash: '', stages: [] } }

describe('the label of a revision', () => {
  it.each<{ revision: number; is: RevisionLabel }>([
    { revision: 2, is: 'old' },
    { revision: 3, is: 'current' },
    { revision: 4, is: 'old' },
    { revision: 5, is: 'current' },
    { revision: 6, is: 'current' },
  ])('of $revision is $is', ({ revision, is }) => expect(revisionLabelOf(state, revision)).toBe(is))
})
