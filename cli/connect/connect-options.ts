/** Where the state and the queues are: a directory of a local run, or servers. */
export interface ConnectOptions {
  readonly state?: string
  readonly store?: string
  readonly broker?: string
}
