import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a token endpoint was asked. */
export interface TokenCall {
  readonly fields: Readonly<Record<string, string>>
  readonly authorization: string | undefined
}

/** What goes wrong with one call. `cut` is after the token was exchanged, and so is `garbage`. */
export type TokenFault =
  | 'cut'
  | 'garbage'
  | 'large'
  | 'silent'
  | 'redirect'
  | { readonly status: number; readonly body?: object; readonly headers?: Readonly<Record<string, string>> }

/** A token endpoint (RFC 6749) on this machine, whose refresh tokens are good for one use. */
export interface TokenServer {
  readonly url: string
  readonly calls: readonly TokenCall[]
  /** For the next calls, one each. */
  readonly fail: (...faults: readonly TokenFault[]) => void
  /** Of the tokens that are given from now on; undefined says nothing. */
  expiresInSeconds: number | undefined
  /** Whether a refresh token is good for one use. */
  isRotating: boolean
  /** How a client must say who it is. */
  clientAuth: 'any' | 'post' | 'basic'
  /** Good for one use from now on, as after a consent. */
  readonly consent: (refreshToken: string) => void
  /** Of the token that was given last. */
  readonly accessToken: () => string
  readonly refreshToken: () => string
  readonly close: () => Promise<void>
}

/** @param prefix of every token that it gives: to look for */
export async function openTokenServer(prefix: string): Promise<TokenServer> {
  const calls: TokenCall[] = []
  const faults: TokenFault[] = []
  const valid = new Set<string>()
  let count = 0
  let lastRefreshToken = ''
  const issue = (fields: TokenCall['fields']): { readonly status: number; readonly body: object } => {
    const { grant_type: grantType, refresh_token: sent = '' } = fields
    if (grantType === 'refresh_token' && !valid.has(sent))
      return { status: 400, body: { error: 'invalid_grant', error_description: `${sent} is not known` } }
    count += 1
    const token = { access_token: `${prefix}-access-${count}`, token_type: 'Bearer' }
    const expiry = server.expiresInSeconds === undefined ? {} : { expires_in: server.expiresInSeconds }
    if (grantType !== 'refresh_token') return { status: 200, body: { ...token, ...expiry } }
    if (!server.isRotating) return { status: 200, body: { ...token, ...expiry } }
    valid.delete(sent)
    lastRefreshToken = `${prefix}-refresh-${count}`
    valid.add(lastRefreshToken)
    return { status: 200, body: { ...token, ...expiry, refresh_token: lastRefreshToken } }
  }
  const isKnown = (authorization: string | undefined): boolean =>
    server.clientAuth === 'any' || (server.clientAuth === 'basic') === (authorization !== undefined)
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const fields = Object.fromEntries(new URLSearchParams(text))
    const { authorization } = request.headers
    calls.push({ fields, authorization })
    const fault = faults.shift()
    if (fault === 'silent') return
    const send = (status: number, body: string, headers = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
    }
    if (typeof fault === 'object') return send(fault.status, JSON.stringify(fault.body ?? {}), fault.headers)
    if (fault === 'redirect') return send(302, '', { location: server.url })
    if (!isKnown(authorization)) return send(401, JSON.stringify({ error: 'invalid_client' }))
    answer(issue(fields), fault, send, response)
  }
  const answer = (
    { status, body }: ReturnType<typeof issue>,
    fault: TokenFault | undefined,
    send: (status: number, body: string) => void,
    response: ServerResponse,
  ): void => {
    if (fault === 'cut') return void response.destroy()
    if (fault === 'garbage') return send(200, `<html>${JSON.stringify(body)}</html>`)
    if (fault === 'large') return send(200, JSON.stringify({ ...body, more: 'x'.repeat(200_000) }))
    send(status, JSON.stringify(body))
  }
  const listener = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const server: TokenServer = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/token`,
    calls,
    expiresInSeconds: 3600,
    isRotating: true,
    clientAuth: 'any',
    fail: (...next) => void faults.push(...next),
    consent: (token) => void valid.add(token),
    accessToken: () => `${prefix}-access-${count}`,
    refreshToken: () => lastRefreshToken,
    close: async () => {
      listener.closeAllConnections()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
  return server
}
