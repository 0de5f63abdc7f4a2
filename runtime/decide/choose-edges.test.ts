import { describe, expect, it } from 'vitest'
import { chooseEdges } from './choose-edges.ts'

const plain = { otherwise: false, holds: undefined }
const held = { otherwise: false, holds: true }
const failed = { otherwise: false, holds: false }
const otherwise = { otherwise: true, holds: undefined }

describe('chooseEdges', () => {
  it.each([
    { name: 'takes nothing when there is nothing', edges: [], want: [] },
    { name: 'takes every edge without a condition', edges: [plain, plain], want: [0, 1] },
    { name: 'takes every edge whose condition holds', edges: [held, failed, held], want: [0, 2] },
    { name: 'takes otherwise when no condition held', edges: [failed, otherwise], want: [1] },
    { name: 'leaves otherwise when a condition held', edges: [held, otherwise], want: [0] },
    {
      name: 'does not count an edge without a condition against otherwise',
      edges: [plain, failed, otherwise],
      want: [0, 2],
    },
  ])('$name', ({ edges, want }) => {
    expect(chooseEdges(edges)).toEqual(want)
  })
})
