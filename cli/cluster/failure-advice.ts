import type { KubeError } from '../../kube/transport/kube-error.ts'
import { UsageError } from '../usage-error.ts'

interface Attempt {
  /** As `list flows`. */
  readonly what: string
  readonly server: string
  readonly namespace: string
}

/** What somebody can do about a request that failed. */
export function failureAdvice(failure: KubeError, { what, server, namespace }: Attempt): UsageError {
  const told = (message: string): UsageError => new UsageError(message, { cause: failure })
  if (failure.kind === 'aborted') return told('interrupted')
  if (failure.kind === 'late')
    return told(`the cluster at ${server} does not answer in time: is it up, and the network?`)
  if (failure.kind !== 'refused') {
    const why = failure.message.slice(failure.message.indexOf(': ') + 2)
    return told(`the cluster at ${server} cannot be reached (${why}): is it up, and is it the right --context?`)
  }
  switch (failure.status) {
    case 401:
      return told(`the cluster at ${server} does not accept your credentials: log in again, or give another --context`)
    case 403:
      return told(
        `you may not ${what} in namespace "${namespace}": ask for that right (kubectl auth can-i tells which you have)`,
      )
    case 404:
      return missingKinds(server)
    case 409:
      return told(`cannot ${what}: somebody else changed it in the same moment, try again`)
    default:
      return told(`cannot ${what}: ${refusal(failure)}`)
  }
}

/** Weir's kinds are not there. */
export function missingKinds(server: string): UsageError {
  return new UsageError(
    `the cluster at ${server} does not know Weir's kinds: install them (kubectl apply -f crds/generated)`,
  )
}

/** Field by field where the server says so. */
function refusal({ causes, message }: KubeError): string {
  const fields = causes.map(({ field = '', message: why = '' }) => `${field}: ${why}`)
  return fields.length > 0 ? fields.join('; ') : message
}
