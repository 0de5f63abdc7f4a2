import type { Terminal } from '../terminal.ts'

/** What every command is handed. */
export interface CommandContext {
  readonly terminal: Terminal
  /** Directory of the components that ship with Weir. */
  readonly catalogue: string
  /** From the first call on Ctrl-C no longer ends the process by itself. */
  readonly takeInterrupts: () => Interrupts
  /** As `WEIR_LOG_LEVEL` has it: debug, info, warn, error or silent. */
  readonly logLevel: string
  /** Called as `kubectl weir`: where a command may be about files or a cluster, the cluster is meant. */
  readonly isPlugin?: boolean
  /** Of this process; components get only the harmless part of it. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface Interrupts {
  /** Aborted by the first Ctrl-C: finish what has started. */
  readonly interrupted: AbortSignal
  /** Aborted by the second: finish nothing. */
  readonly stopped: AbortSignal
  /** As the second Ctrl-C does. */
  readonly stop: () => void
}
