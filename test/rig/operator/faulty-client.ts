import type { KubeClient, KubeRequest } from '../../../kube/transport/kube-client.ts'
import { failed, KubeError, type Outcome } from '../../../kube/transport/kube-error.ts'

/** What a client has been asked to write. */
export interface CountedClient {
  readonly client: KubeClient
  /** As `PATCH flows/status`, oldest first, whatever came of them; leases and Events left out. */
  readonly writes: () => readonly string[]
  /** Of these what the server has refused, or not answered, as `PATCH flows 409 Conflict`. */
  readonly failures: () => readonly string[]
  readonly reset: () => void
}

export function countingClient(inner: KubeClient): CountedClient {
  let writes: string[] = []
  let failures: string[] = []
  const counted = async <T>(request: KubeRequest, send: () => Promise<Outcome<T>>): Promise<Outcome<T>> => {
    if (!isWrite(request)) return send()
    writes.push(describe(request))
    const outcome = await send()
    if (outcome.kind === 'failed')
      failures.push(`${describe(request)} ${outcome.failure.status} ${outcome.failure.reason}`)
    return outcome
  }
  return {
    writes: () => writes,
    failures: () => failures,
    reset: () => {
      writes = []
      failures = []
    },
    client: {
      ...inner,
      request: (request) => counted(request, () => inner.request(request)),
      read: (request, parse) => counted(request, () => inner.read(request, parse)),
    },
  }
}

/**
 * A client that harms its writes: each as its number, from 1 on, says. `before`: it is not sent, and fails; `after`: it is carried out, and the answer is
 * lost; `dieBefore`, `dieAfter`: the same, and `onDeath` is called.
 */
export function faultyClient(
  inner: KubeClient,
  faultOf: (write: number) => Fault | undefined,
  onDeath: () => void,
): KubeClient {
  let count = 0
  const harmed = async <T>(request: KubeRequest, send: () => Promise<Outcome<T>>): Promise<Outcome<T>> => {
    if (!isWrite(request)) return send()
    count += 1
    const fault = faultOf(count)
    if (fault === undefined) return send()
    if (fault === 'after' || fault === 'dieAfter') await send()
    if (fault === 'before' || fault === 'after') return lost(request)
    onDeath()
    return new Promise(() => {})
  }
  return {
    ...inner,
    request: (request) => harmed(request, () => inner.request(request)),
    read: (request, parse) => harmed(request, () => inner.read(request, parse)),
  }
}

export type Fault = 'before' | 'after' | 'dieBefore' | 'dieAfter'

function lost({ method, path }: KubeRequest): { readonly kind: 'failed'; readonly failure: KubeError } {
  return failed(new KubeError(`${method} ${path}: lost by the test`, { kind: 'unreachable', reason: 'Unreachable' }))
}

/** Of anything but leases and Events, on which nothing depends. */
function isWrite({ method, path }: KubeRequest): boolean {
  return method !== 'GET' && !/\/(?:leases|events)(?:\/|$)/.test(path)
}

/** Without names. */
function describe({ method, path }: KubeRequest): string {
  const [, kind = '', , subresource = ''] = /\/namespaces\/[^/]+\/([^/]+)(\/[^/]+)?(\/[^/]+)?$/.exec(path) ?? []
  return `${method} ${kind}${subresource}`
}
