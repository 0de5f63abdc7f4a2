import { describe, expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'
import { serverProblem } from './server-version.ts'

describe('backoffMs', () => {
  it.each([
    { failures: 1, random: 0, want: 50 },
    { failures: 1, random: 1, want: 100 },
    { failures: 3, random: 1, want: 400 },
    { failures: 7, random: 1, want: 6400 },
    { failures: 8, random: 0.5, want: 7500 },
    { failures: 5000, random: 1, want: 10_000 },
  ])('waits $want ms after $failures failures at $random', ({ failures, random, want }) => {
    expect(backoffMs(failures, random)).toBe(want)
  })
})

describe('serverProblem', () => {
  it.each([
    { product: 'RabbitMQ', version: '3.10.0', want: undefined },
    { product: 'RabbitMQ', version: '3.13.7', want: undefined },
    { product: 'RabbitMQ', version: '4.0.2', want: undefined },
    { product: 'RabbitMQ', version: '4.3.0-beta.1', want: undefined },
    { product: undefined, version: undefined, want: undefined },
    { product: 'RabbitMQ', version: '3.9.29', want: 'is version 3.9.29; upgrade it to 3.10 or later' },
    { product: 'RabbitMQ', version: '2.8', want: 'is version 2.8; upgrade it to 3.10 or later' },
    { product: 'LavinMQ', version: '2.0.0', want: 'is LavinMQ, not RabbitMQ' },
  ])('of $product $version', ({ product, version, want }) => {
    expect(serverProblem({ product, version })).toBe(want)
  })
})
