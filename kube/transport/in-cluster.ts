import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, type Clock } from '../clock.ts'
import type { ClusterAccess, Credentials } from './cluster-access.ts'

export interface InClusterPlace {
  /** Of the variables `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`. */
  readonly host: string
  readonly port: string
  /** With `token`, `ca.crt` and `namespace`; by default where the kubelet puts them. */
  readonly directory?: string
  readonly clock?: Clock
}

const accountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount'
/** The kubelet writes a new token when four fifths of the old one's life are over: that of an hour is good for twelve minutes more. */
const rereadAfterMs = 60_000

/**
 * The cluster that this process runs in, as its service account. Token and authority are read again after a minute, and at once when the server
 * refuses the token; while they cannot be read, what was read last stays. Loads no library.
 *
 * @throws when the files are not there: this is no pod, or it has no account's token mounted
 */
export async function inClusterAccess(place: InClusterPlace): Promise<ClusterAccess> {
  const { host, port, directory = accountDirectory, clock = systemClock } = place
  let kept = await readAccount(directory)
  let readAt = clock.elapsed()
  const namespace = await readFile(join(directory, 'namespace'), 'utf8').catch(() => 'default')
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: namespace.trim(),
    credentials: async (isRefused = false) => {
      if (!isRefused && clock.elapsed() - readAt < rereadAfterMs) return kept
      readAt = clock.elapsed()
      kept = await readAccount(directory).catch(() => kept)
      return kept
    },
  }
}

async function readAccount(directory: string): Promise<Credentials> {
  const [token, ca] = await Promise.all([
    readFile(join(directory, 'token'), 'utf8'),
    readFile(join(directory, 'ca.crt'), 'utf8'),
  ])
  return { authorization: `Bearer ${token.trim()}`, tls: { ca } }
}
