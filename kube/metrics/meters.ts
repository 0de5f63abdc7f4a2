export type Labels = Readonly<Record<string, string>>

/** Where numbers go, under the names that controller-runtime gives them, or an operator's own; `prometheusMeters` writes them for Prometheus. */
export interface Meters {
  readonly count: (name: string, labels: Labels) => void
  readonly observe: (name: string, labels: Labels, seconds: number) => void
  /** Read when somebody looks. */
  readonly gauge: (name: string, labels: Labels, read: () => number) => void
}

export const noMeters: Meters = { count: () => {}, observe: () => {}, gauge: () => {} }
