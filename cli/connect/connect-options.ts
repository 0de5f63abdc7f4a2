import type { ClusterOptions } from '../cluster/cluster-options.ts'

/** Where the state and the queues are: a directory of a local run, servers, or those of a namespace in a cluster. */
export interface ConnectOptions extends ClusterOptions {
  readonly state?: string
  readonly store?: string
  readonly broker?: string
  /** The command is about a cluster: its servers are meant where no others are given. */
  readonly isInCluster?: boolean
}
