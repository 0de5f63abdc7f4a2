import type { Readable } from 'node:stream'
import type { Clock } from '../../clock.ts'
import { logFromFrame } from './child-log.ts'
import { isEngineDump } from './decide/engine-dump.ts'
import type { ComponentLogLine } from './host-options.ts'
import type { MaskSecrets } from './mask-secrets.ts'

/** What a child writes: as lines, within a rate. Beyond it everything is read, dropped and counted, so that nothing piles up. */
export interface ChildOutput {
  readonly attach: (stream: Readable, source: 'stdout' | 'stderr') => void
  /** A line of the component's logger, in the shim's JSON. */
  readonly log: (json: string) => void
  /** The last of standard error, for what the death of a process is about. */
  readonly stderrTail: () => string
  /** Logs what has been dropped and not told yet. */
  readonly flush: () => void
}

export interface ChildOutputOptions {
  readonly clock: Clock
  readonly linesPerSecond: number
  readonly labels: Readonly<Record<string, string>>
  /** Hides what must not show, at this moment. */
  readonly mask: MaskSecrets
  readonly onLog: (line: ComponentLogLine) => void
}

const maxLineBytes = 8 * 1024
const tailBytes = 8 * 1024
const burstSeconds = 5
const newline = 10

export function openChildOutput(options: ChildOutputOptions): ChildOutput {
  const { onLog, labels, mask } = options
  const budget = openBudget(options)
  let droppedBytes = 0
  let tail: Buffer = Buffer.alloc(0)

  const tellDropped = (): void => {
    if (droppedBytes === 0) return
    const fields = { ...labels, droppedBytes }
    droppedBytes = 0
    onLog({ source: 'host', level: 'warn', message: 'output dropped: the component writes too much', fields })
  }
  /** Whether there is room for one more line; when not, its bytes are counted. */
  const hasRoomFor = (bytes: number): boolean => {
    if (budget.take()) {
      tellDropped()
      return true
    }
    droppedBytes += bytes
    return false
  }
  const writeLine = (source: 'stdout' | 'stderr', text: string, bytes: number): void => {
    // An empty line is not worth logging, but it has its share of the rate.
    if (!hasRoomFor(bytes) || text === '') return
    onLog({ source, level: levelOf(source, text), message: mask(text), fields: labels })
  }
  return {
    attach: (stream, source) => {
      const lines = lineCutter({
        onLine: (text, bytes) => writeLine(source, text, bytes),
        isFull: () => !budget.hasRoom(),
        onDropped: (bytes) => (droppedBytes += bytes),
      })
      stream.on('data', (chunk: Buffer) => {
        if (source === 'stderr') tail = Buffer.concat([tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes)
        lines.take(chunk)
      })
      stream.on('end', () => lines.end())
      stream.on('error', () => {})
    },
    log: (json) => {
      if (hasRoomFor(json.length)) onLog(logFromFrame(json, labels, mask))
    },
    stderrTail: () => mask(tail.toString('utf8')),
    flush: tellDropped,
  }
}

/** So many lines a second, and some saved up. */
function openBudget({ clock, linesPerSecond }: ChildOutputOptions): { take: () => boolean; hasRoom: () => boolean } {
  const most = linesPerSecond * burstSeconds
  let lines = most
  let filledAt = clock.now()
  const fill = (): void => {
    const now = clock.now()
    lines = Math.min(most, lines + ((now - filledAt) / 1000) * linesPerSecond)
    filledAt = now
  }
  const hasRoom = (): boolean => {
    if (lines < 1) fill()
    return lines >= 1
  }
  return {
    hasRoom,
    take: () => {
      if (!hasRoom()) return false
      lines -= 1
      return true
    },
  }
}

interface LineCutterOptions {
  readonly onLine: (text: string, bytes: number) => void
  /** A chunk is not even cut while this holds: a gigabyte of newlines costs as little as one of anything else. */
  readonly isFull: () => boolean
  readonly onDropped: (bytes: number) => void
}

function lineCutter({ onLine, isFull, onDropped }: LineCutterOptions): {
  take: (chunk: Buffer) => void
  end: () => void
} {
  let held: Buffer[] = []
  let heldBytes = 0

  const finish = (): void => {
    const text = Buffer.concat(held).toString('utf8').trimEnd()
    const line = heldBytes > maxLineBytes ? `${text}… (${heldBytes} bytes)` : text
    const bytes = heldBytes
    held = []
    heldBytes = 0
    onLine(line, bytes)
  }
  const hold = (piece: Buffer): void => {
    const room = maxLineBytes - heldBytes
    // A copy: a view would keep the whole chunk of the pipe alive.
    if (room > 0 && piece.length > 0) held.push(Buffer.from(piece.subarray(0, room)))
    heldBytes += piece.length
  }
  return {
    take: (chunk) => {
      if (isFull()) return onDropped(chunk.length)
      let at = 0
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, at)) {
        hold(chunk.subarray(at, end))
        finish()
        at = end + 1
        if (isFull()) return onDropped(chunk.length - at)
      }
      hold(chunk.subarray(at))
    },
    end: () => {
      if (heldBytes > 0) finish()
    },
  }
}

function levelOf(source: 'stdout' | 'stderr', text: string): ComponentLogLine['level'] {
  if (source === 'stdout') return 'info'
  return isEngineDump(text) ? 'debug' : 'warn'
}
