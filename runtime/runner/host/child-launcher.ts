import type { Readable } from 'node:stream'

/** Starts the processes that component code runs in: here as children; in a pod a supervisor in another container forks them. */
export interface ChildLauncher {
  readonly launch: (launch: Launch) => LaunchedChild
  /** What all children may use together. */
  readonly memory: () => ChildMemory
  /** Calls the listener when that has become known, or another. One at a time. */
  readonly onMemory: (listener: () => void) => void
  /** Ends what it needs beside the children. Safe to repeat. */
  readonly close: () => Promise<void>
}

/** Unknown while nobody has said in which container children would be; without a limit where nothing bounds them. */
export type ChildMemory =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'known'; readonly limit?: { readonly containerMb: number; readonly usableMb: number } }

export interface Launch {
  /** The working directory. */
  readonly directory: string
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  readonly maxHeapMb: number
}

export interface LaunchedChild {
  readonly stdout: Readable | undefined
  readonly stderr: Readable | undefined
  /** Never rejects. */
  readonly exited: Promise<ChildExit>
  /** At once and for certain, with whatever it has started itself. Safe to repeat. */
  readonly kill: () => void
  /** Resident memory; undefined when nobody can tell. */
  readonly rssBytes: () => Promise<number | undefined>
}

export type ChildExit =
  | { readonly kind: 'exited'; readonly code: number | undefined; readonly signal: string | undefined }
  /** It never ran. */
  | { readonly kind: 'notStarted'; readonly reason: string }
