import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { FlowState, StageQueue } from './flow-state.ts'
import { flowStateInStatus, readFlowState } from './flow-status.ts'

const uid = '0b6f5c1e-9d43-4a5e-8a53-1f0a7f3a9a10'
const metadata = { uid, namespace: 'shop', name: 'orders' }
const hour = 3_600_000
const now = 1_790_000_000_000

function stage(step: string, pool: string, revision: number): StageQueue {
  const hash = Buffer.from(`${pool}${step}${revision}`).toString('hex').slice(-12)
  return { queue: `${uid}.${step}.${hash}.${revision}`, step, pool, singleActiveConsumer: false }
}

const state: FlowState = {
  flow: uid,
  namespace: 'shop',
  name: 'orders',
  lastRevision: 3,
  active: 2,
  pending: {
    revision: 3,
    hash: 'h3',
    stages: [stage('fetch', 'Component/shop', 2), { ...stage('store', 'core', 3), singleActiveConsumer: true }],
    declaredAt: now + 0.5,
  },
  kept: [
    { revision: 1, hash: '', activeUntil: now - hour },
    { revision: 2, hash: 'h2' },
    { revision: 3, hash: 'h3' },
  ],
  living: [{ ...stage('fetch', 'Component/shop', 2), revision: 2 }],
  retiring: [{ queue: `${uid}.old.0123456789ab.1`, step: 'old', since: now }],
  suspended: false,
  frozen: true,
  stoodSince: now,
  pinned: 1,
  deletion: { askedAt: now, deadlineMs: 600_000 },
  retirer: { by: 'p', until: now + 1 },
}

function through(one: FlowState, version = 1): unknown {
  return readFlowState({
    metadata,
    status: JSON.parse(JSON.stringify({ state: flowStateInStatus({ state: one, version }) })),
  })
}

describe('a state in the status of its flow', () => {
  it('is for people as long as it is small', () => {
    expect(flowStateInStatus({ state, version: 7 })).toEqual({
      format: 1,
      version: 7,
      flow: uid,
      lastRevision: 3,
      active: 2,
      pending: { revision: 3, hash: 'h3', declaredAt: now + 0.5 },
      living: ['fetch 666574636832 2 Component/shop 2'],
      introducing: ['#0', 'store 73746f726533 3 core single'],
      retiring: [`old 0123456789ab 1 ${now}`],
      kept: [`1 - ${now - hour}`, '2 h2', '3 h3'],
      frozen: true,
      stoodSince: now,
      pinned: 1,
      deletion: { askedAt: now, deadlineMs: 600_000 },
      retirer: { by: 'p', until: now + 1 },
    })
  })

  it('comes back as it was', () => {
    expect(through(state, 7)).toEqual({ kind: 'read', state, version: 7 })
  })

  it.each<{ name: string; change: object; as: string }>([
    { name: 'of another flow', change: { flow: 'another' }, as: 'the flow with the uid "another"' },
    { name: 'of a newer version', change: { format: 2 }, as: 'upgrade the operator' },
    { name: 'without a number', change: { lastRevision: undefined }, as: '`lastRevision` is no number' },
    { name: 'with a number that is none', change: { version: 1.5 }, as: '`version`' },
    { name: 'with a line that is no text', change: { living: [1] }, as: '`living` is no list of lines' },
    { name: 'with half a line', change: { living: ['fetch core'] }, as: '"fetch core" is not made of' },
    { name: 'with a mark that nobody knows', change: { living: ['fetch 0123456789ab 1 core 1 double'] }, as: 'double' },
    { name: 'that points to nowhere', change: { introducing: ['#7'] }, as: 'no living queue "#7"' },
    { name: 'that introduces queues of nothing', change: { pending: undefined }, as: 'queues of no revision' },
    {
      name: 'that waits for what nobody knows',
      change: { pending: { revision: 3, hash: 'h', blocked: 'Moon' } },
      as: 'Moon',
    },
    { name: 'that is damaged', change: { packed: 'AAAA' }, as: '`packed` is damaged' },
    { name: 'whose deletion is a word', change: { deletion: 'soon' }, as: '`deletion` is no object' },
  ])('is an error when it is one $name, with what to do', ({ change, as }) => {
    const status = { state: { ...flowStateInStatus({ state, version: 1 }), ...change } }
    const read = readFlowState({ metadata, status: JSON.parse(JSON.stringify(status)) })
    const problem = read.kind === 'malformed' ? read.problem : ''
    expect(problem).toContain(as)
    expect(problem).toMatch(/Flow shop\/orders.*(put back|upgrade)/)
  })

  it.each([undefined, null, 'text', {}, { state: null }, { conditions: [] }])('is not there in %j', (status) => {
    expect(readFlowState({ metadata, status })).toEqual({ kind: 'none' })
  })

  it.each([{ found: 'state' }, { found: 7 }, { found: [] }])('is no state when it is $found', ({ found }) => {
    expect(readFlowState({ metadata, status: { state: found } })).toMatchObject({ kind: 'malformed' })
  })

  it('cannot be made to fill the memory', () => {
    const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024, ' ')).toString('base64')
    const status = { state: { ...flowStateInStatus({ state, version: 1 }), packed: bomb } }
    expect(readFlowState({ metadata, status })).toMatchObject({ kind: 'malformed' })
  })
})
