import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../kube/kube-object.ts'
import { chooseRollback } from './choose-rollback.ts'
import { gitOpsWarning } from './field-owner.ts'
import type { RevisionRow } from './flow-revisions.ts'
import { judgeWait, parseWaitFor } from './judge-wait.ts'
import { askedFor, flowName } from './kinds.ts'
import { diffText, lineDiff } from './line-diff.ts'
import { isWanted, merged, timedLine } from './log-lines.ts'
import { tableText } from './server-table.ts'
import { loadBetween, stepLoads } from './step-loads.ts'

describe('askedFor', () => {
  const kinds = (...words: string[]): string[] =>
    askedFor(words).map(({ resource, names }) => `${resource.kind} ${names.join(' ')}`.trim())

  it.each([
    { words: ['flows'], want: ['Flow'] },
    { words: ['flow', 'a', 'b'], want: ['Flow a b'] },
    { words: ['FL', 'a'], want: ['Flow a'] },
    { words: ['flows.weir.dev'], want: ['Flow'] },
    { words: ['flow/a', 'cred/b'], want: ['Flow a', 'Credential b'] },
    { words: ['flows,revisions'], want: ['Flow', 'FlowRevision'] },
  ])('takes $words', ({ words, want }) => expect(kinds(...words)).toEqual(want))

  it.each([
    { words: ['flwo'], says: 'did you mean "flows"?' },
    { words: ['pods'], says: 'there is no kind "pods"' },
    { words: ['flow', 'flow/a'], says: 'either once in front' },
    { words: ['flow/'], says: 'KIND/NAME' },
    { words: ['flow/a/b'], says: 'KIND/NAME' },
    { words: ['flows,apps', 'a'], says: 'names go with one kind' },
  ])('refuses $words', ({ words, says }) => expect(() => kinds(...words)).toThrow(says))

  it('takes a flow with and without its kind', () => {
    expect(flowName('a')).toBe('a')
    expect(flowName('flow/a')).toBe('a')
    expect(() => flowName('app/a')).toThrow('a flow is meant')
  })
})

describe('tableText', () => {
  const shown = {
    columnDefinitions: [{ name: 'Name' }, { name: 'Ready' }, { name: 'Image', priority: 1 }, { name: 'Dead' }],
    rows: [
      { cells: ['a\u001b[31m', 'True', 'i:1', 0], object: { metadata: { name: 'a', namespace: 'n' } } },
      { cells: ['b', null, null, null] },
    ],
  }

  it.each([
    { form: { isWide: false, withNamespace: false }, want: 'NAME   READY   DEAD\na      True    0\nb\n' },
    {
      form: { isWide: true, withNamespace: false },
      want: 'NAME   READY   IMAGE   DEAD\na      True    i:1     0\nb\n',
    },
    {
      form: { isWide: false, withNamespace: true, prefix: 'flow/' },
      want: 'NAMESPACE   NAME     READY   DEAD\nn           flow/a   True    0\n            flow/b\n',
    },
  ])('shows $form', ({ form, want }) => expect(tableText(shown, form)).toBe(want))
})

describe('lineDiff', () => {
  const marks = (before: string, after: string): string =>
    diffText(lineDiff(before.split(''), after.split('')), 1).join(' ')

  it.each([
    { before: 'abc', after: 'abc', want: '' },
    { before: '', after: 'ab', want: '+a +b' },
    { before: 'ab', after: '', want: '-a -b' },
    { before: 'abc', after: 'axc', want: ' a -b +x  c' },
    { before: 'abcdefgh', after: 'abcdXfgh', want: ' d -e +X  f …' },
    { before: 'abcabba', after: 'cbabac', want: '-a -b  c -a  b +a  b  a +c' },
  ])('$before → $after', ({ before, after, want }) => expect(marks(before, after).replace(/^… /, '')).toBe(want))

  it('gives both texts back', () => {
    const [before, after] = ['the quick brown fox', 'a quick red fox jumps'].map((text) => text.split('')) as [
      string[],
      string[],
    ]
    const lines = lineDiff(before, after)
    const without = (kind: string): string[] => lines.filter((line) => line.kind !== kind).map(({ text }) => text)
    expect(without('added')).toEqual(before)
    expect(without('removed')).toEqual(after)
  })

  it('does not compare what is too long', () => {
    const long = (letter: string): string[] => Array.from({ length: 3000 }, (_, at) => `${letter}${at}`)
    expect(lineDiff(long('a'), long('b'))).toHaveLength(6000)
  })
})

describe('lines of pods', () => {
  it('come in the order of their instants, whatever their fractions', () => {
    const line = (pod: string, text: string) => ({ pod, ...timedLine(text) })
    const lines = merged([
      [line('a', '2026-01-01T00:00:01.5Z one'), line('a', 'no instant'), line('a', '2026-01-01T00:00:03Z four')],
      [line('b', '2026-01-01T00:00:01.500000001Z two'), line('b', '2026-01-01T00:00:02.25Z three')],
    ])
    expect(lines.map(({ text }) => text)).toEqual(['one', 'no instant', 'two', 'three', 'four'])
  })

  const uid = '0f3a91c2-0000-4000-8000-000000000000'
  const flow = { name: 'orders', uid }

  it.each([
    { line: '{"flow":"orders","step":"a","run":"r"}', filter: { flow, step: 'a', run: 'r' }, want: true },
    { line: `{"flow":"${uid}"}`, filter: { flow }, want: true },
    { line: '{"flow":"other"}', filter: { flow }, want: false },
    { line: `{"queue":"${uid}.a.0123456789ab.1"}`, filter: { flow, step: 'a' }, want: true },
    { line: '{"queue":"1f3a91c2-0000-4000-8000-000000000000.a.0123456789ab.1"}', filter: { flow }, want: false },
    { line: '{"flow":"orders","step":"b"}', filter: { flow, step: 'a' }, want: false },
    { line: '{"flow":"orders"}', filter: { flow, run: 'r' }, want: false },
    { line: 'listening', filter: { flow }, want: true },
    { line: 'listening', filter: { flow, step: 'a' }, want: false },
    { line: '{broken', filter: { flow }, want: true },
    { line: '{"flow":7}', filter: { flow }, want: true },
  ])('$line is wanted: $want', ({ line, filter, want }) => expect(isWanted(line, filter)).toBe(want))
})

describe('loads of steps', () => {
  const page = (ready: number, received: number): string =>
    [
      '# TYPE weir_queue_messages_ready gauge',
      `weir_queue_messages_ready{namespace="n",flow="orders",step="put"} ${ready}`,
      `weir_messages_received_total{namespace="n",flow="orders",step="put"} ${received}`,
      'weir_messages_received_total{namespace="n",flow="other",step="put"} 999',
      'weir_messages_received_total{namespace="m",flow="orders",step="put"} 999',
    ].join('\n')
  const flow = { namespace: 'n', name: 'orders' }

  it('are the backlog that all see, and the deliveries of each together', () => {
    const before = stepLoads([page(5, 10), page(4, 20)], flow)
    const after = stepLoads([page(7, 14), page(7, 22)], flow)
    expect(loadBetween(before, after, 2)('put')).toEqual({ ready: 7, perSecond: 3 })
  })

  it('are not known of a step that nobody counts, or when a pod was started again', () => {
    const loads = stepLoads([page(5, 10)], flow)
    expect(loadBetween(loads, loads, 2)('shape')).toEqual({ ready: undefined, perSecond: undefined })
    expect(loadBetween(loads, stepLoads([page(5, 1)], flow), 2)('put').perSecond).toBeUndefined()
  })
})

describe('judgeWait', () => {
  const object = (conditions: object[], generation = 2): KubeObject => ({
    metadata: { name: 'a', generation },
    status: { observedGeneration: 2, conditions },
  })
  const is = (type: string, status: string, observedGeneration?: number): object => ({
    type,
    status,
    reason: 'Why',
    message: '',
    ...(observedGeneration !== undefined && { observedGeneration }),
  })

  it.each([
    { name: 'it is so', of: object([is('Ready', 'True', 2)]), wanted: 'ready', want: 'met' },
    { name: 'the status says of what it speaks', of: object([is('Ready', 'True')]), wanted: 'ready', want: 'met' },
    { name: 'an earlier edit was judged', of: object([is('Ready', 'True', 1)]), wanted: 'ready', want: 'waiting' },
    { name: 'an earlier status', of: object([is('Ready', 'True')], 3), wanted: 'ready', want: 'waiting' },
    { name: 'nobody has looked', of: object([]), wanted: 'ready', want: 'waiting' },
    { name: 'not yet', of: object([is('Ready', 'False', 2)]), wanted: 'ready', want: 'waiting' },
    {
      name: 'it was refused',
      of: object([is('Ready', 'False', 2), is('Stalled', 'True', 2)]),
      wanted: 'ready',
      want: 'stalled',
    },
    {
      name: 'an earlier edit was refused',
      of: object([is('Ready', 'False', 2), is('Stalled', 'True', 1)]),
      wanted: 'ready',
      want: 'waiting',
    },
    {
      name: 'stalled is what is waited for',
      of: object([is('Stalled', 'True', 2)]),
      wanted: 'condition=Stalled',
      want: 'met',
    },
    {
      name: 'a status of its own',
      of: object([is('Ready', 'False', 2)]),
      wanted: 'condition=Ready=false',
      want: 'met',
    },
    { name: 'it was deleted', of: undefined, wanted: 'ready', want: 'stalled' },
    { name: 'its deletion was waited for', of: undefined, wanted: 'delete', want: 'met' },
    { name: 'it is still there', of: object([]), wanted: 'delete', want: 'waiting' },
  ])('$want when $name', ({ of, wanted, want }) => expect(judgeWait(of, parseWaitFor(wanted)).kind).toBe(want))

  it('takes no other form', () => expect(() => parseWaitFor('jsonpath=.x')).toThrow('--for: give ready'))
})

describe('gitOpsWarning', () => {
  const flow = (manager: string, metadata: object = {}, field = 'suspend'): KubeObject => ({
    metadata: { name: 'a', ...metadata, managedFields: [{ manager, fieldsV1: { 'f:spec': { [`f:${field}`]: {} } } }] },
  })

  it.each([
    { name: 'Argo CD has the field', of: flow('argocd-controller'), says: 'comes from Argo CD (argocd-controller)' },
    { name: 'Helm has it', of: flow('helm'), says: 'comes from Helm' },
    {
      name: 'somebody has it, and a tool the object',
      of: flow('kubectl', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }),
      says: 'Flux manages this object',
    },
    { name: 'a person has it', of: flow('kubectl'), says: undefined },
    {
      name: 'we have it ourselves',
      of: flow('kubectl-weir', { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }),
      says: undefined,
    },
    { name: 'a tool has another field', of: flow('argocd-controller', {}, 'steps'), says: undefined },
    { name: 'nobody has anything', of: { metadata: { name: 'a' } }, says: undefined },
  ])('says $says when $name', ({ of, says }) => {
    if (says === undefined) expect(gitOpsWarning(of, 'suspend')).toBeUndefined()
    else expect(gitOpsWarning(of, 'suspend')).toContain(says)
  })
})

describe('chooseRollback', () => {
  const row = (revision: number, hash: string, state: RevisionRow['state'] = 'old'): RevisionRow => ({
    name: `r${revision}`,
    revision,
    hash,
    state,
    createdAt: '',
  })
  const active = row(5, 'e', 'active')

  it.each([
    { name: 'the one before', rows: [active, row(4, 'd'), row(3, 'c')], pinned: undefined, to: undefined, want: 4 },
    {
      name: 'not one that means the same',
      rows: [active, row(4, 'e'), row(3, 'c')],
      pinned: undefined,
      to: undefined,
      want: 3,
    },
    {
      name: 'the one before the pinned one',
      rows: [active, row(4, 'd'), row(3, 'e'), row(2, 'b')],
      pinned: 3,
      to: undefined,
      want: 2,
    },
    {
      name: 'never one that waits',
      rows: [row(6, 'f', 'pending'), active, row(4, 'd')],
      pinned: undefined,
      to: undefined,
      want: 4,
    },
    { name: 'what is asked for', rows: [active, row(4, 'd'), row(3, 'c')], pinned: undefined, to: 3, want: 3 },
  ])('takes $name', ({ rows, pinned, to, want }) => expect(chooseRollback({ rows, active, pinned, to })).toBe(want))

  it('says what there is', () => {
    const rows = [active]
    expect(() => chooseRollback({ rows, active, pinned: undefined, to: 9 })).toThrow(
      'revision 9 is not kept; there is 5',
    )
    expect(() => chooseRollback({ rows, active, pinned: undefined, to: undefined })).toThrow(
      'no older revision is kept',
    )
  })
})
