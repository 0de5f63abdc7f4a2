import type { KubeError } from '../../../kube/transport/kube-error.ts'
import { TransientError } from '../../error.ts'

const codes: Readonly<Record<KubeError['kind'], string>> = {
  refused: 'ClusterRefused',
  unreachable: 'ClusterUnreachable',
  late: 'ClusterTimeout',
  aborted: 'ClusterNotWaitedFor',
  fenced: 'NotLeading',
}

/** What the API server could not, or would not, do now. It may later: a refusal too, when somebody has changed a role. */
export function clusterFailure(failure: KubeError): TransientError {
  return new TransientError(codes[failure.kind], failure.message, { cause: failure })
}

/** Whether the server says for certain that there is no such object; that nobody serves its kind says nothing about it. */
export function isNoSuchObject({ status, objectName }: KubeError, name: string): boolean {
  return status === 404 && objectName === name
}
