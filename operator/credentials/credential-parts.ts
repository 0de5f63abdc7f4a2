import type { Credential } from '../../crds/v1alpha1/credential.ts'
import type { App } from '../../crds/v1alpha1/app.ts'
import type { NamedObjects } from '../../kube/cache/named-objects.ts'
import type { Kept } from '../../kube/cache/projection.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import type { InCluster, OperatorParts } from '../operator-parts.ts'
import type { TokenEndpoint } from './token-endpoint.ts'

export type ClusterCredential = InCluster<Credential>
export type ClusterApp = InCluster<App>

export interface CredentialTiming {
  /** A claim that has been seen for so long without a change is of one that died; longer than a call and its save take. */
  readonly claimMs: number
  /** For one call of a token endpoint. */
  readonly callMs: number
  /** For a Secret that is not watched. */
  readonly pollMs: number
}

/** What the controllers of this folder share. */
export interface CredentialParts extends OperatorParts {
  /** Writes whoever leads. */
  readonly unfenced: KubeClient
  /** Metadata alone: that something has changed is known by watching, what it says is read when it is needed and not kept. */
  readonly secrets: NamedObjects<Kept>
  readonly endpoint: TokenEndpoint
  readonly timing: CredentialTiming
  /** Of this process. */
  readonly instance: string
  readonly howToOpen: (namespace: string) => string
  /** From 0 up to 1. */
  readonly random: () => number
}
