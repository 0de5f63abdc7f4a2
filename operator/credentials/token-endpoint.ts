import { lookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent } from 'undici'
import type { Clock } from '../../kube/clock.ts'
import type { Grant } from './decide/plan-grant.ts'
import type { TokenAnswer } from './decide/read-token-answer.ts'
import { readTokenAnswer } from './decide/read-token-answer.ts'
import type { ClientAuth } from './decide/token-state.ts'
import { tokenRequest } from './token-request.ts'

/** Token endpoints of others, one call at a time. */
export interface TokenEndpoint {
  /** Never throws, ends in its time, and follows no redirect. */
  readonly ask: (grant: Grant, how: AskingHow) => Promise<TokenAnswer>
  readonly close: () => Promise<void>
}

export interface AskingHow {
  readonly refreshToken: string | undefined
  readonly clientAuth: ClientAuth
}

export interface TokenEndpointOptions {
  readonly clock: Clock
  /** For all of one call. */
  readonly callMs: number
  /** Whoever may write a Credential chooses where the operator calls: what is near to it, and to it alone, is not for everybody. */
  readonly isAddressAllowed: (address: string) => boolean
}

const largestAnswerBytes = 65_536
const connectMs = 10_000

export function openTokenEndpoint({ clock, callMs, isAddressAllowed }: TokenEndpointOptions): TokenEndpoint {
  const agent = new Agent({
    allowH2: false,
    // A connection that was kept may have been closed by the other side: whether a token was exchanged would be anybody's guess.
    pipelining: 0,
    connect: { timeout: Math.min(connectMs, callMs), lookup: guardedLookup(isAddressAllowed) },
  })
  return {
    close: () => agent.destroy(),
    ask: async (grant, how) => {
      const url = new URL(grant.tokenUrl)
      if (!isLiteralAllowed(url, isAddressAllowed)) return unreachable(url, 'its address is not one that may be called')
      const request = tokenRequest(grant, how, clock.now())
      if (request.kind === 'unusable') return { kind: 'refused', code: 'invalid_key', description: request.why }
      const { headers, body, secrets } = request
      try {
        const signal = AbortSignal.timeout(callMs)
        // What stands in the address as user and password would be sent in place of ours, or be logged.
        const path = `${url.pathname}${url.search}`
        const answer = await agent.request({ origin: url.origin, path, method: 'POST', headers, body, signal })
        const { 'retry-after': retryAfter } = answer.headers
        const text = await boundedText(answer.body)
        if (text === undefined) return lost(url, 'its answer is too large')
        const read = { status: answer.statusCode, retryAfter: [retryAfter].flat()[0], text }
        return named(url, readTokenAnswer(read, secrets, clock.now()))
      } catch (error) {
        return failureOf(url, error)
      }
    },
  }
}

/** Undefined when there is more than anybody needs for a token. */
async function boundedText(body: AsyncIterable<Buffer>): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > largestAnswerBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function named(url: URL, answer: TokenAnswer): TokenAnswer {
  return answer.kind === 'unavailable' || answer.kind === 'lost'
    ? { ...answer, why: `${url.host}: ${answer.why}` }
    : answer
}

function unreachable({ host }: URL, why: string): TokenAnswer {
  return { kind: 'unavailable', why: `${host}: ${why}`, retryAfterMs: undefined }
}

function lost({ host }: URL, why: string): TokenAnswer {
  return { kind: 'lost', why: `${host}: ${why}` }
}

class ForbiddenAddressError extends Error {
  readonly code = 'ERR_FORBIDDEN_ADDRESS'
}

const reasons: Readonly<Record<string, string>> = {
  ERR_FORBIDDEN_ADDRESS: 'its address is not one that may be called',
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved at the moment',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  UND_ERR_CONNECT_TIMEOUT: 'it cannot be connected to in time',
}

/** Our words: an error's own may quote what was sent. */
function failureOf(url: URL, error: unknown): TokenAnswer {
  const { code, name } = error as { readonly code?: unknown; readonly name?: string }
  const word = typeof code === 'string' ? code : ''
  const reason = reasons[word]
  if (reason !== undefined) return unreachable(url, reason)
  if (/CERT|TLS|SSL|ERR_PROXY|SELF_SIGNED/.test(word))
    return unreachable(url, `its certificate is not accepted (${word})`)
  if (name === 'TimeoutError') return lost(url, 'it does not answer in time')
  return lost(url, `the connection ends before its answer${word === '' ? '' : ` (${word})`}`)
}

/** An address that is written out is never looked up. */
function isLiteralAllowed({ hostname }: URL, isAllowed: (address: string) => boolean): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return isIP(bare) === 0 || isAllowed(bare)
}

/** What is connected to is what was checked. */
function guardedLookup(isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, answer) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) return answer(error, '', 0)
      const allowed = addresses.filter(({ address }) => isAllowed(address))
      const [first] = allowed
      if (first === undefined) return answer(new ForbiddenAddressError('forbidden'), '', 0)
      // Who asks for all gets a list: the type knows only the other form.
      if (options.all === true) return (answer as (error: null, all: LookupAddress[]) => void)(null, allowed)
      return answer(null, first.address, first.family)
    })
  }
}
