import type { KubeClient, KubeRequest } from '../../../kube/transport/kube-client.ts'
import { failed, KubeError, type Outcome } from '../../../kube/transport/kube-error.ts'

/** What a client has been asked to write. */
export interface CountedClient {
  readonly client: KubeClient
  /** As `PATCH flows/status`, oldest first; leases left out. */
  readonly writes: () => readonly string[]
  readonly reset: () => void
}

export function countingClient(inner: KubeClient): CountedClient {
  let writes: string[] = []
  const count = (request: KubeRequest): void => {
    if (isWrite(request)) writes.push(describe(request))
  }
  return {
    writes: () => writes,
    reset: () => (writes = []),
    client: {
      ...inner,
      request: (request) => {
        count(request)
        return inner.request(request)
      },
      read: (request, parse) => {
        count(request)
        return inner.read(request, parse)
      },
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
