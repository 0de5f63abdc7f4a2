import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../kube/clock.ts'
import type { Grant } from './decide/plan-grant.ts'
import { openTokenEndpoint } from './token-endpoint.ts'

const none = { clientId: 'id', clientSecret: 'secret', scope: undefined, signing: undefined }
const refreshing: Omit<Grant, 'tokenUrl'> = {
  ...none,
  kind: 'refreshToken',
  id: 'g1',
  seed: '',
  givenRefreshToken: undefined,
  parameters: {},
}

/** Gives what each connection has sent, and does with it whatever `end` does once the whole request is there. */
async function openRawServer(end: (socket: Socket) => void) {
  const requests: string[] = []
  const server = createServer((socket) => {
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (!text.endsWith('refresh_token=once')) return
      requests.push(text)
      text = ''
      end(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, requests }
}

const partial = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"access_token":'
const whole = '{"access_token":"a","refresh_token":"b"}'

it.each<{ readonly how: string; readonly end: (socket: Socket) => void; readonly answer: string }>([
  { how: 'is reset', end: (socket) => socket.resetAndDestroy(), answer: 'lost' },
  { how: 'ends without a word', end: (socket) => socket.end(), answer: 'lost' },
  { how: 'ends in the head of the answer', end: (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-'), answer: 'lost' },
  { how: 'ends in its body', end: (socket) => socket.end(partial), answer: 'lost' },
  {
    how: 'is reset in its body',
    end: (socket) => void socket.write(partial, () => socket.resetAndDestroy()),
    answer: 'lost',
  },
  { how: 'goes silent', end: () => {}, answer: 'lost' },
  { how: 'says to go on, and ends', end: (socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n'), answer: 'lost' },
  {
    how: 'is too slow for the server',
    end: (socket) => socket.end('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n'),
    answer: 'refused',
  },
  {
    how: 'was kept, and is reset when it is used again',
    end: (socket) => {
      if (socket.bytesWritten > 0) socket.resetAndDestroy()
      else socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${whole.length}\r\nconnection: keep-alive\r\n\r\n${whole}`)
    },
    answer: 'token',
  },
])('a refresh token is sent once when the connection $how', async ({ how, end, answer }) => {
  const { url, requests } = await openRawServer(end)
  const endpoint = openTokenEndpoint({
    clock: systemClock,
    callMs: how === 'goes silent' ? 2_000 : 60_000,
    isAddressAllowed: () => true,
  })
  onTestFinished(endpoint.close)
  const ask = async (): Promise<string> =>
    (await endpoint.ask({ ...refreshing, tokenUrl: url }, { refreshToken: 'once', clientAuth: 'basic' })).kind
  // What is kept of a connection shows at the third one.
  for (const times of [1, 2, 3]) {
    expect(await ask()).toBe(answer)
    expect(requests).toHaveLength(times)
  }
})
