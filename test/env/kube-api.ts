import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { removeGuardedDirectory } from './guard.ts'
import { findKubeApi, type KubeApiProgram } from './kube-api-program.ts'
import { openAnew, startProcess, stopProcess, untilReady, type ServerProcess } from './server-process.ts'

export interface KubeApiOptions {
  /** Further flags of kube-apiserver. */
  readonly flags?: readonly string[]
}

/** A program that can be harmed. */
export interface HarmableProgram {
  /** Another one after each start. */
  readonly pid: () => number
  /** As an administrator would; the data stay. */
  readonly stop: () => Promise<void>
  /** SIGKILL. */
  readonly kill: () => Promise<void>
  /** Again, with the same data and port; resolves when it is ready. */
  readonly start: () => Promise<void>
  /** SIGSTOP: it holds its connections and answers nothing. */
  readonly freeze: () => void
  readonly thaw: () => void
}

/**
 * An API server with an etcd of its own, for whoever opened it alone. Nothing else runs: no controller manager, so that nothing is collected
 * and a deleted namespace stays, and no kubelet.
 */
export interface KubeApiServer extends HarmableProgram {
  /** `https:`, by its address. */
  readonly url: string
  /** The authority that signed its certificate, in PEM. */
  readonly ca: string
  /** Of an administrator: group `system:masters`, which no limit of requests holds for. */
  readonly token: string
  /** A file with all three. */
  readonly kubeconfig: string
  readonly etcd: HarmableProgram
  /** Of etcd's gateway to its API, `http:`. */
  readonly etcdUrl: string
  /** Makes etcd forget every revision but the present ones. */
  readonly compact: () => Promise<void>
  /** Ends both and removes what they have written. */
  readonly close: () => Promise<void>
}

const startTimeoutMs = 180_000
const stopTimeoutMs = 30_000

/** @throws when there is no API server here (see `findKubeApi` for a reason without an exception), or it does not start */
export async function openKubeApi({ flags = [] }: KubeApiOptions = {}): Promise<KubeApiServer> {
  const program = await findKubeApi()
  if (program.kind === 'missing') throw new Error(program.reason)
  return openAnew('kube-api', async (directory) => openPlace(await preparePlace(program, flags, directory)))
}

interface Place {
  readonly program: Extract<KubeApiProgram, { kind: 'found' }>
  readonly directory: string
  readonly port: number
  readonly etcdPort: number
  readonly peerPort: number
  readonly token: string
  readonly flags: readonly string[]
}

async function preparePlace(program: Place['program'], flags: readonly string[], directory: string): Promise<Place> {
  const [port = 0, etcdPort = 0, peerPort = 0] = await freePorts(3)
  const token = randomBytes(16).toString('hex')
  const key = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  await mkdir(join(directory, 'certificates'))
  await writeFile(join(directory, 'accounts.key'), key.privateKey)
  await writeFile(join(directory, 'accounts.pub'), key.publicKey)
  await writeFile(join(directory, 'tokens.csv'), `${token},administrator,administrator,system:masters\n`)
  return { program, directory, port, etcdPort, peerPort, token, flags }
}

async function openPlace(place: Place): Promise<KubeApiServer> {
  const { directory, port, etcdPort, token } = place
  const etcdUrl = `http://127.0.0.1:${etcdPort}`
  const etcd = harmable({ name: 'etcd', ...etcdCommand(place) }, () => isHealthy(etcdUrl))
  const server = harmable({ name: 'kube-apiserver', ...serverCommand(place) }, () => isReady(port, token))
  const end = async (): Promise<void> => {
    await server.kill()
    await etcd.kill()
  }
  try {
    await etcd.start()
    await server.start()
    const url = `https://127.0.0.1:${port}`
    const ca = lastCertificate(await readFile(join(directory, 'certificates', 'apiserver.crt'), 'utf8'))
    const kubeconfig = join(directory, 'kubeconfig')
    await writeFile(kubeconfig, kubeconfigText({ url, ca, token }))
    const close = async (): Promise<void> => {
      await end()
      await removeGuardedDirectory(directory)
    }
    return { ...server, url, ca, token, kubeconfig, etcd, etcdUrl, compact: () => compact(etcdUrl), close }
  } catch (error) {
    await end()
    throw error
  }
}

type Command = Omit<Parameters<typeof startProcess>[0], 'name'>

function etcdCommand({ program, directory, etcdPort, peerPort }: Place): Command {
  const url = `http://127.0.0.1:${etcdPort}`
  const args = ['--data-dir', join(directory, 'etcd'), '--listen-client-urls', url, '--advertise-client-urls', url]
  args.push('--listen-peer-urls', `http://127.0.0.1:${peerPort}`, '--unsafe-no-fsync', '--log-level', 'warn')
  return { directory, program: program.etcd, args, env: { PATH: process.env['PATH'], HOME: directory } }
}

function serverCommand({ program, directory, port, etcdPort, flags }: Place): Command {
  const args = [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    // It makes a certificate here at the first start, and finds it at the next.
    `--cert-dir=${join(directory, 'certificates')}`,
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    `--service-account-key-file=${join(directory, 'accounts.pub')}`,
    `--service-account-signing-key-file=${join(directory, 'accounts.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--endpoint-reconciler-type=none',
    ...flags,
  ]
  return { directory, program: program.server, args, env: { PATH: process.env['PATH'], HOME: directory } }
}

function harmable(command: Parameters<typeof startProcess>[0], isReady: () => Promise<boolean>): HarmableProgram {
  let running: ServerProcess | undefined
  const end = async (first: NodeJS.Signals): Promise<void> => {
    if (running !== undefined) await stopProcess(running, { first, timeoutMs: stopTimeoutMs })
  }
  return {
    pid: () => running?.pid ?? 0,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    start: async () => {
      if (running?.isRunning() === true) return
      running = startProcess(command)
      await untilReady(running, isReady, startTimeoutMs)
    },
    freeze: () => running?.signal('SIGSTOP'),
    thaw: () => running?.signal('SIGCONT'),
  }
}

async function isHealthy(etcdUrl: string): Promise<boolean> {
  return fetch(`${etcdUrl}/health`, { signal: AbortSignal.timeout(5_000) }).then(
    (answer) => answer.ok,
    () => false,
  )
}

/** All of its own controllers have begun too, so that roles and flow schemas are there. */
function isReady(port: number, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` }
    // Its certificate is what it makes while it starts.
    const options = { port, host: '127.0.0.1', path: '/readyz', headers, rejectUnauthorized: false, timeout: 5_000 }
    const asking = request(options, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asking.once('error', () => resolve(false))
    asking.once('timeout', () => asking.destroy())
    asking.end()
  })
}

function lastCertificate(pem: string): string {
  const all = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? []
  return all.at(-1) ?? ''
}

function kubeconfigText({ url, ca, token }: { readonly url: string; readonly ca: string; readonly token: string }) {
  const cluster = { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'administrator', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'administrator' } }],
    'current-context': 'test',
  })
}

async function compact(etcdUrl: string): Promise<void> {
  const call = async (path: string, body: unknown): Promise<{ readonly header?: { readonly revision?: string } }> => {
    const answer = await fetch(`${etcdUrl}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`etcd refuses ${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as Awaited<ReturnType<typeof call>>
  }
  const { header } = await call('range', { key: Buffer.from('/').toString('base64') })
  await call('compaction', { revision: header?.revision, physical: true })
}
