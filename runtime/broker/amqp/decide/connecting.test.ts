import { describe, expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'
import { parseServerUrl } from './server-url.ts'
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

describe('parseServerUrl', () => {
  it.each([
    { text: 'amqp://u:p%40@h:5673/weir.shop', host: 'h:5673', vhost: 'weir.shop' },
    { text: 'amqps://h', host: 'h', vhost: '/' },
    { text: 'amqp://h/', host: 'h', vhost: '/' },
    { text: 'amqp://h/%2F', host: 'h', vhost: '/' },
    { text: 'amqp://[::1]:5672/a%2fb', host: '[::1]:5672', vhost: 'a/b' },
  ])('reads $text', ({ text, host, vhost }) => {
    const parsed = parseServerUrl(text)
    expect({ host: parsed.url.host, vhost: parsed.vhost }).toEqual({ host, vhost })
  })

  it.each(['', 'secret', 'http://u:secret@h', 'amqp://u:sec%ret@h', 'amqp://:secret@/x', 'amqp:secret'])(
    'refuses %j, and does not repeat it',
    (text) => {
      let error: unknown
      try {
        parseServerUrl(text)
      } catch (thrown) {
        error = thrown
      }
      expect(error).toMatchObject({ name: 'PermanentError', code: 'BrokerUrlInvalid' })
      expect((error as Error).message).not.toContain('sec')
    },
  )
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
