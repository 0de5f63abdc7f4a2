import type { Clock } from '../../clock.ts'
import type { ChildLauncher } from './child-launcher.ts'

export interface HostOptions {
  readonly clock: Clock
  readonly launcher: ChildLauncher
  /** What the runner itself was started with; children get only the harmless part of it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly onLog: (line: ComponentLogLine) => void
  readonly limits?: Partial<HostLimits>
  /** Where children find their sockets; the machine's temporary directory unless a container beside this one must reach them. */
  readonly socketDirectory?: string
}

export interface HostLimits {
  /** Children at a time; endless triggers keep theirs, and leave at least one place. */
  readonly maxProcesses: number
  /** A child without work is ended after this long. */
  readonly idleMs: number
  /** A busy child keeps its place at least this long when others wait for one. */
  readonly minTenureMs: number
  /** From the start of a process, or of the first call of a function, until the component's code is loaded. */
  readonly loadTimeoutMs: number
  /** V8 heap of a child whose spec names none. */
  readonly maxHeapMb: number
  /** What a child may use beside its heap: buffers, code, libraries. */
  readonly beyondHeapMb: number
  /** Where the container's limit leaves less to each, both shrink alike; a child that may use less than this is not started. */
  readonly leastChildMb: number
  /** The longest wait for work that a function left behind when it returned nothing. */
  readonly quietCapMs: number
  /** A child whose emits are not confirmed is not read from above this many, or these many bytes. */
  readonly unconfirmedEmits: number
  readonly unconfirmedBytes: number
  /** Output of a child beyond this is dropped and counted. */
  readonly logLinesPerSecond: number
}

export const defaultLimits: HostLimits = {
  maxProcesses: 16,
  idleMs: 60_000,
  minTenureMs: 500,
  loadTimeoutMs: 60_000,
  maxHeapMb: 256,
  beyondHeapMb: 256,
  leastChildMb: 128,
  quietCapMs: 5_000,
  unconfirmedEmits: 1_000,
  unconfirmedBytes: 16 * 1024 * 1024,
  logLinesPerSecond: 200,
}

/** One line of what a component said, by its logger or on its standard output. */
export interface ComponentLogLine {
  readonly source: 'logger' | 'stdout' | 'stderr' | 'host'
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  /** The child's labels (flow, step), and for its logger the fields of the line. */
  readonly fields: Readonly<Record<string, unknown>>
}
