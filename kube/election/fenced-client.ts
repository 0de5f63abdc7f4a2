import type { KubeClient, KubeRequest } from '../transport/kube-client.ts'

/**
 * A client that reads as ever and writes only while it may: asked before each writing request is sent, after every wait. What may not be sent fails as
 * `fenced`. A request that is on its way already is not called back.
 */
export function fencedClient(client: KubeClient, mayWrite: () => boolean): KubeClient {
  const fenced = (request: KubeRequest): KubeRequest =>
    request.method === 'GET' ? request : { ...request, mayBeSent: () => mayWrite() && request.mayBeSent?.() !== false }
  return {
    ...client,
    request: (request) => client.request(fenced(request)),
    read: (request, parse) => client.read(fenced(request), parse),
  }
}
