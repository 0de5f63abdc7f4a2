import { randomBytes, timingSafeEqual } from 'node:crypto'
import { chmod, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { frame, frameReader } from '../../shim/frames.cjs'
import type { FrameHandler } from './frame-handler.ts'

/** The door for one child: one path, one token, one connection. */
export interface ChildSocket {
  readonly path: string
  readonly token: string
  /** Closes the door; an open connection stays. Safe to repeat. */
  readonly close: () => void
}

export interface ChildSocketOptions {
  /** In a directory that only this user can enter. */
  readonly path: string
  /** The child has shown its token. What comes next goes to the handler that this returns. */
  readonly onConnect: (socket: Socket) => FrameHandler
  /** The connection is lost, or has said what is no frame. */
  readonly onLost: (reason: string | undefined) => void
}

const tokenBytes = 24
const ownerOnly = 0o600

/** Resolves when a child can connect. */
export async function openChildSocket(options: ChildSocketOptions): Promise<ChildSocket> {
  const { path } = options
  const token = randomBytes(tokenBytes).toString('hex')
  const strangers = new Set<Socket>()
  const server = createServer((socket) => {
    strangers.add(socket)
    socket.on('close', () => strangers.delete(socket))
    admit(socket, { ...options, token, onAdmitted: () => close(socket) })
  })
  function close(admitted?: Socket): void {
    server.close()
    void rm(path, { force: true })
    for (const stranger of strangers) if (stranger !== admitted) stranger.destroy()
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  await chmod(path, ownerOnly)
  return { path, token, close: () => close() }
}

interface Admission extends ChildSocketOptions {
  readonly token: string
  /** Nobody else is to come in. */
  readonly onAdmitted: () => void
}

function admit(socket: Socket, { token, onConnect, onLost, onAdmitted }: Admission): void {
  let handler: FrameHandler | undefined
  const read = frameReader((type, call, values) => {
    if (handler !== undefined) return handler(type, call, values)
    if (type !== frame.hello || !isSame(values.text(), token)) return void socket.destroy()
    onAdmitted()
    handler = onConnect(socket)
  })
  socket.on('data', (chunk) => {
    try {
      read(chunk)
    } catch (error) {
      // Only ours and the frames' own range errors come here: a stranger is shown the door, a child is lost.
      socket.destroy()
      if (handler !== undefined) onLost(error instanceof Error ? error.message : String(error))
    }
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    if (handler !== undefined) onLost(undefined)
  })
}

function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)]
  return left.length === right.length && timingSafeEqual(left, right)
}
