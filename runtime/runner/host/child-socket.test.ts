import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { frame, frameWriter } from '../../shim/frames.cjs'
import type { ChildSocket } from './child-socket.ts'
import { openChildSocket } from './child-socket.ts'

let directory: string
let door: ChildSocket
let connected: Socket[]
let lost: (string | undefined)[]
let frames: number[]

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'weir-door-'))
  // The test's own lists: what an earlier one closes late is not told to the next.
  const own = { connected: [] as Socket[], lost: [] as (string | undefined)[], frames: [] as number[] }
  ;({ connected, lost, frames } = own)
  door = await openChildSocket({
    path: join(directory, '1.sock'),
    onConnect: (socket) => {
      own.connected.push(socket)
      return (type) => own.frames.push(type)
    },
    onLost: (reason) => own.lost.push(reason),
  })
})

afterEach(() => {
  door.close()
  for (const socket of connected) socket.destroy()
  rmSync(directory, { recursive: true, force: true })
})

/** Knocks with a token, or with whatever bytes. */
function knock(token: string | Buffer): Socket {
  const socket = connect(door.path)
  socket.on('error', () => {})
  if (typeof token === 'string') frameWriter(socket).send(frame.hello, 0, token)
  else socket.write(token)
  return socket
}

describe('the door of a child', () => {
  it('is for its owner', () => {
    expect(statSync(door.path).mode & 0o777).toBe(0o600)
  })

  it('opens for the token, once', async () => {
    const child = knock(door.token)
    await expect.poll(() => connected.length).toBe(1)
    await expect.poll(() => existsSync(door.path)).toBe(false)
    frameWriter(child).send(frame.pong, 0)
    await expect.poll(() => frames).toEqual([frame.pong])
    const [error] = (await once(connect(door.path), 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ENOENT')
  })

  it.each([
    { name: 'another token', token: 'f'.repeat(48) },
    { name: 'no token', token: '' },
    { name: 'nonsense', token: Buffer.from('GET / HTTP/1.1\r\n\r\n') },
  ])('stays shut for $name, and open for the child', async ({ token }) => {
    await once(knock(token), 'close')
    expect(connected).toEqual([])
    expect(lost).toEqual([])
    knock(door.token)
    await expect.poll(() => connected.length).toBe(1)
  })

  it('turns away whoever waits there when it is closed', async () => {
    const stranger = connect(door.path)
    await once(stranger, 'connect')
    door.close()
    await once(stranger, 'close')
  })

  it('tells when the child is lost', async () => {
    const child = knock(door.token)
    await expect.poll(() => connected.length).toBe(1)
    child.destroy()
    await expect.poll(() => lost).toEqual([undefined])
  })

  it('breaks with a child that speaks nonsense', async () => {
    const child = knock(door.token)
    await expect.poll(() => connected.length).toBe(1)
    child.write('nonsense nonsense nonsense')
    await expect.poll(() => lost[0]).toMatch(/a frame of \d+ bytes/)
  })
})
