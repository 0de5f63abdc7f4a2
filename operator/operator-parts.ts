import type { Logger } from 'pino'
import type { App } from '../crds/v1alpha1/app.ts'
import type { ClusterComponent, Component } from '../crds/v1alpha1/component.ts'
import type { Credential } from '../crds/v1alpha1/credential.ts'
import type { Flow } from '../crds/v1alpha1/flow.ts'
import type { FlowRevision } from '../crds/v1alpha1/flow-revision.ts'
import type { ObjectCache } from '../kube/cache/object-cache.ts'
import type { Kept } from '../kube/cache/projection.ts'
import type { Clock } from '../kube/clock.ts'
import type { EventRecorder } from '../kube/events/event-recorder.ts'
import type { Meters } from '../kube/metrics/meters.ts'
import type { KubeClient } from '../kube/transport/kube-client.ts'

/** An object of a kind, as the API server has it. */
export type InCluster<Object> = Omit<Object, 'metadata'> & Kept

/** What every controller of the operator stands on; each keeps the further caches that only it needs. */
export interface OperatorParts {
  /** Writes only as long as this process leads. */
  readonly client: KubeClient
  readonly caches: OperatorCaches
  readonly events: EventRecorder
  readonly clock: Clock
  readonly log: Logger
  readonly meters: Meters
}

export interface OperatorCaches {
  readonly flows: ObjectCache<InCluster<Flow>>
  /** The plan left out: it is fetched when it is needed. */
  readonly flowRevisions: ObjectCache<InCluster<Omit<FlowRevision, 'spec'>>>
  readonly components: ObjectCache<InCluster<Component>>
  readonly clusterComponents: ObjectCache<InCluster<ClusterComponent>>
  readonly credentials: ObjectCache<InCluster<Credential>>
  readonly apps: ObjectCache<InCluster<App>>
}

/** One loop of the operator: a controller, with the caches that it keeps for itself. Runs as long as this process leads. */
export interface OperatorPart {
  /** Until the signal is aborted and everything has ended. Once. */
  readonly run: (signal: AbortSignal) => Promise<void>
}
