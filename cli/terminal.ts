import { styleText } from 'node:util'
import { mostTextBytes, readStreamText } from '../local/read-text.ts'
import { fileProblem } from '../local/file-problem.ts'
import { UsageError } from './usage-error.ts'

/** Where a command reads and writes: results go to `out`, everything else to `err`. */
export interface Terminal {
  readonly out: Output
  readonly err: Output
  /**
   * All of standard input.
   *
   * @throws {UsageError} when it cannot be read, is too large, or has been read before
   */
  readonly stdin: () => Promise<string>
  /** Standard error is a terminal that can be redrawn. */
  readonly screen?: Screen
  /** Results are shown on a terminal, too, so that they and a live view are in each other's way. */
  readonly isOutShown: boolean
}

/** One of the two standard outputs; colours only where it is a terminal. */
export interface Output {
  readonly write: (text: string) => void
  readonly style: (style: Style, text: string) => string
}

/** The size of a terminal as it is now. */
export type Screen = () => { readonly columns: number; readonly rows: number }

export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim'

export interface Streams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly stdin: NodeJS.ReadStream
  /** `NO_COLOR` turns colours off, `TERM=dumb` the live view, too. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export function terminalOf({ stdout, stderr, stdin, env }: Streams): Terminal {
  const isDumb = env['TERM'] === 'dumb'
  const isPlain = isDumb || (env['NO_COLOR'] ?? '') !== ''
  const outputOf = (stream: NodeJS.WriteStream): Output => ({
    write: (text) => void stream.write(text),
    style: (style, text) => (stream.isTTY && !isPlain ? styleText(style, text, { validateStream: false }) : text),
  })
  const screen: Screen = () => ({ columns: stderr.columns || 80, rows: stderr.rows || 24 })
  return {
    out: outputOf(stdout),
    err: outputOf(stderr),
    stdin: onceReader(stdin),
    ...(stderr.isTTY && !isDumb && { screen }),
    isOutShown: stdout.isTTY,
  }
}

function onceReader(stdin: NodeJS.ReadStream): () => Promise<string> {
  let isRead = false
  return async () => {
    if (isRead) throw new UsageError('standard input was named twice; it can be read once')
    isRead = true
    const text = await readStreamText(stdin).catch((cause: unknown) => {
      throw new UsageError(`standard input: ${fileProblem(cause)}`, { cause })
    })
    if (text !== undefined) return text
    throw new UsageError(`standard input has more than ${mostTextBytes / 1024 / 1024} MB, and no more is read`)
  }
}
