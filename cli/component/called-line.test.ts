import { describe, expect, it } from 'vitest'
import type { Emit } from '../../runtime/runner/component-host.ts'
import { emitLine, settledLine } from './called-line.ts'

describe('emitLine', () => {
  it.each<{ emit: Emit; want: object }>([
    { emit: { kind: 'data', message: Buffer.from('{"data":1}') }, want: { event: 'data', value: { data: 1 } } },
    {
      emit: { kind: 'error', failure: { code: 'C', message: 'm' } },
      want: { event: 'error', value: { code: 'C', message: 'm' } },
    },
    { emit: { kind: 'rebound', reason: 'later' }, want: { event: 'rebound', value: 'later' } },
    { emit: { kind: 'snapshot', value: [1] }, want: { event: 'snapshot', value: [1] } },
    { emit: { kind: 'updateSnapshot', value: { a: 1 } }, want: { event: 'updateSnapshot', value: { a: 1 } } },
    { emit: { kind: 'updateKeys', keys: { a: 1 } }, want: { event: 'updateKeys', value: { a: 1 } } },
    { emit: { kind: 'httpReply', reply: { body: 'x' } }, want: { event: 'httpReply', value: { body: 'x' } } },
  ])('shows $emit.kind', ({ emit, want }) => {
    expect(emitLine(emit)).toEqual(want)
  })
})

describe('settledLine', () => {
  const failure = { code: 'C', message: 'm', name: 'Error', stack: 'at secret.js' }
  it.each([
    { name: 'acknowledges', outcome: {}, want: { event: 'settled', as: 'ack' } },
    {
      name: 'retries a failure',
      outcome: { failure },
      want: { event: 'settled', as: 'retry', error: { code: 'C', message: 'm' } },
    },
    {
      name: 'gives up what is permanent',
      outcome: { failure: { ...failure, permanent: true } },
      want: { event: 'settled', as: 'deadLetter', error: { code: 'C', message: 'm' } },
    },
    {
      name: 'retries what is asked for again',
      outcome: { rebound: 'later' },
      want: { event: 'settled', as: 'retry', error: { code: 'Rebound', message: 'later' } },
    },
    {
      name: 'counts a failure above a rebound',
      outcome: { failure, rebound: 'later' },
      want: { event: 'settled', as: 'retry', error: { code: 'C', message: 'm' } },
    },
  ])('$name', ({ outcome, want }) => {
    expect(settledLine(outcome)).toEqual(want)
  })
})
