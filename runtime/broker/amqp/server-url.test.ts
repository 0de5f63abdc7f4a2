import { describe, expect, it } from 'vitest'
import { parseServerUrl } from './server-url.ts'

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
