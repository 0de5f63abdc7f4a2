import type { KubeApiPlace } from './kube-servers.ts'
import { describeOnKubeApi } from './kube-tests.ts'
import { describeOnServers } from './servers.ts'
import type { MongoUrls, RabbitUrls } from './shared-servers.ts'

/** Where everything is that an operator stands on. */
export interface OperatorPlaces {
  readonly kubeApi: KubeApiPlace
  readonly rabbit: RabbitUrls
  readonly mongo: MongoUrls
}

/** Tests that need an API server, a RabbitMQ and a MongoDB; skipped, with the reason, where one cannot be had. For files named `*.operator.test.ts`. */
export function describeOnAll(name: string, tests: (places: OperatorPlaces) => void): void {
  describeOnKubeApi(name, (kubeApi) =>
    describeOnServers('on RabbitMQ', ({ rabbit, mongo }) => tests({ kubeApi, rabbit, mongo })),
  )
}
