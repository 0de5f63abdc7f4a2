import { vi } from 'vitest'
import { pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'

export const pods: Resource = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', isNamespaced: true }

/** A call that a pod has made. */
export interface SunkCall {
  readonly id: number
  readonly key: string
  readonly pod: string
}

/** A pod that components call, and that remembers it. */
export interface Sink {
  /** As other pods reach it. */
  readonly url: string
  readonly calls: () => Promise<readonly SunkCall[]>
}

const port = 8099
const program = `
const calls = []
require('node:http').createServer((request, response) => {
  let text = ''
  request.on('data', (chunk) => (text += chunk)).on('end', () => {
    if (request.method === 'POST') calls.push({ ...JSON.parse(text), key: request.headers['x-key'] })
    response.end(JSON.stringify({ calls }))
  })
}).listen(${port})
process.on('SIGTERM', () => process.exit())`

/** @param image any with Node */
export async function openSink(client: KubeClient, namespace: string, image: string): Promise<Sink> {
  const body = {
    metadata: { name: 'sink' },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'sink',
          image,
          command: ['node', '-e', program],
          readinessProbe: { httpGet: { path: '/', port }, periodSeconds: 1 },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }
  orThrow(await client.request({ method: 'POST', path: pathOf(pods, { namespace }), body }))
  const path = pathOf(pods, { namespace, name: 'sink' })
  const address = await vi.waitFor(
    async () => {
      const { status } = orThrow(await client.request<Started>({ method: 'GET', path }))
      const isReady = status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
      if (isReady === true && status?.podIP !== undefined) return status.podIP
      throw new Error(`the sink is not ready: ${JSON.stringify(status)}`)
    },
    { timeout: 120_000, interval: 500 },
  )
  const proxied = `${path.replace(/sink$/, `sink:${port}`)}/proxy/`
  return {
    url: `http://${address}:${port}/`,
    calls: async () => {
      const answer = await client.request<{ readonly calls: readonly SunkCall[] }>({ method: 'GET', path: proxied })
      return orThrow(answer).calls
    },
  }
}

interface Started extends KubeObject {
  readonly status?: {
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}
