import { expect, it } from 'vitest'
import { indexChanges, type Index, type KnownIndex } from './index-changes.ts'

const expiring: Index = { key: { expiresAt: 1 }, expireAfterSeconds: 0 }
const partial: Index = { key: { at: 1 }, partialFilterExpression: { state: 'due' } }
const unique: Index = { key: { flow: 1, revision: -1 }, unique: true }
const wanted = [expiring, partial, unique]
/** With more than one asks for. */
const asKnown = (index: Index): KnownIndex => Object.assign({ v: 2, name: 'n' }, index)
const id: KnownIndex = { key: { _id: 1 } }

it.each<{ name: string; known: readonly KnownIndex[]; missing?: readonly Index[]; outdated?: readonly Index[] }>([
  { name: 'nothing is there', known: [], missing: wanted },
  { name: 'all are there', known: [id, ...wanted.map(asKnown)] },
  { name: 'one is not there', known: [id, asKnown(expiring), asKnown(unique)], missing: [partial] },
  {
    name: 'one lives for another time',
    known: [asKnown({ ...expiring, expireAfterSeconds: 60 }), asKnown(partial), asKnown(unique)],
    outdated: [expiring],
  },
  {
    name: 'one has no time to live: it cannot be given one',
    known: [{ key: { expiresAt: 1 } }, asKnown(partial), asKnown(unique)],
    missing: [expiring],
  },
  {
    name: 'one is not unique',
    known: [asKnown(expiring), asKnown(partial), { key: { flow: 1, revision: -1 } }],
    missing: [unique],
  },
  {
    name: 'the fields are in another order',
    known: [asKnown(expiring), asKnown(partial), { key: { revision: -1, flow: 1 }, unique: true }],
    missing: [unique],
  },
  {
    name: 'one has another filter',
    known: [asKnown(expiring), { key: { at: 1 }, partialFilterExpression: { state: 'x' } }, asKnown(unique)],
    missing: [partial],
  },
])('indexes, where $name', ({ known, missing = [], outdated = [] }) => {
  expect(indexChanges(wanted, known)).toEqual({ missing, outdated })
})
