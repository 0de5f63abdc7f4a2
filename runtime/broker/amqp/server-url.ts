import { PermanentError } from '../../error.ts'

/** @throws {PermanentError} `BrokerUrlInvalid`, without a word of what was given: it may hold a password */
export function parseServerUrl(text: string): { readonly url: URL; readonly vhost: string } {
  if (!URL.canParse(text)) throw invalid('it cannot be read')
  const url = new URL(text)
  if (url.protocol !== 'amqp:' && url.protocol !== 'amqps:') throw invalid(`it begins with ${url.protocol}`)
  if (url.hostname === '') throw invalid('it names no host')
  if (![url.username, url.password, url.pathname].every(isEncoded)) throw invalid('a % in it is written %25')
  return { url, vhost: decodeURIComponent(url.pathname.slice(1)) || '/' }
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function invalid(why: string): PermanentError {
  return new PermanentError(
    'BrokerUrlInvalid',
    `the broker's URL is amqp://USER:PASSWORD@HOST:PORT/VHOST or amqps:, but ${why}`,
  )
}
