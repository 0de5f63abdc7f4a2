import { styleText } from 'node:util'

/** Where a command reads and writes; everything that is not a result goes to `err`. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly stdin: () => Promise<string>
  readonly style: (style: Style, text: string) => string
  /** Standard error is a terminal that can be redrawn. */
  readonly isLive: boolean
  readonly columns: () => number
}

export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim'

export interface Streams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly stdin: NodeJS.ReadStream
  /** `NO_COLOR` and `TERM=dumb` turn colours off. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export function terminalOf({ stdout, stderr, stdin, env }: Streams): Terminal {
  const isPlain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  const isLive = stderr.isTTY && !isPlain
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    stdin: async () => Buffer.concat(await stdin.toArray()).toString('utf8'),
    style: (style, text) => (isLive ? styleText(style, text, { validateStream: false }) : text),
    isLive,
    columns: () => stderr.columns ?? 80,
  }
}
