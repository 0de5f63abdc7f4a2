import type { Terminal } from '../terminal.ts'

/** What every command is handed. */
export interface CommandContext {
  readonly terminal: Terminal
  /** Directory of the components that ship with Weir. */
  readonly catalogue: string
  /** Aborted by the first Ctrl-C. */
  readonly interrupted: AbortSignal
  readonly logLevel: string
  /** Of this process; components get only the harmless part of it. */
  readonly environment: Readonly<Record<string, string | undefined>>
}
