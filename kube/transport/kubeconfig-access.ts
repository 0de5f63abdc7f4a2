import type { RequestOptions } from 'node:https'
import type { ClusterAccess, Credentials } from './cluster-access.ts'

export interface KubeconfigChoice {
  /** Files, of which the first wins where two name the same; by default what kubectl would take. */
  readonly path?: string | undefined
  readonly context?: string | undefined
}

const rereadAfterMs = 10_000

/**
 * The cluster of a kubeconfig, authenticated by `@kubernetes/client-node`, which knows the plug-ins (exec, OIDC, certificates) and is loaded only
 * here: it takes 80 MB. Credentials are asked for every ten seconds, so that what a plug-in renews is used.
 *
 * @throws when the file or the context is not there, or the cluster is behind a `proxy-url`
 */
export async function kubeconfigAccess({ path, context }: KubeconfigChoice = {}): Promise<ClusterAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  if (path === undefined) config.loadFromDefault()
  else config.loadFromFile(path)
  if (context !== undefined) config.setCurrentContext(context)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error(`the kubeconfig has no context "${config.getCurrentContext()}"`)
  if (cluster.proxyUrl != null) throw new Error(`the cluster "${cluster.name}" has a proxy-url, which is not supported`)
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace ?? 'default'
  let kept: Credentials | undefined
  let readAt = 0
  const credentials = async (isRefused = false): Promise<Credentials> => {
    const isFresh = performance.now() - readAt < rereadAfterMs
    if (kept !== undefined && isFresh && !isRefused) return kept
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    kept = credentialsIn(options)
    readAt = performance.now()
    return kept
  }
  return { server: cluster.server, namespace, credentials }
}

/** client-node writes for `node:https`. */
function credentialsIn(options: RequestOptions): Credentials {
  const { ca, cert, key, passphrase, servername, rejectUnauthorized, auth } = options
  const headers = (options.headers ?? {}) as Readonly<Record<string, string | undefined>>
  const basic = auth == null ? undefined : `Basic ${Buffer.from(auth).toString('base64')}`
  return {
    authorization: headers['Authorization'] ?? headers['authorization'] ?? basic,
    tls: { ca: text(ca), cert: text(cert), key: text(key), passphrase, servername, rejectUnauthorized },
  }
}

function text(pem: RequestOptions['ca'] | RequestOptions['key']): string | undefined {
  return typeof pem === 'string' || Buffer.isBuffer(pem) ? pem.toString() : undefined
}
