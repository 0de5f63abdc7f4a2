import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { firstLines, installed } from './cache-directory.ts'
import { unpackDebian, useOwnLibraries } from './debian-packages.ts'

const run = promisify(execFile)

/** What starts an API server here, or why nothing does. */
export type KubeApiProgram =
  | { readonly kind: 'found'; readonly server: string; readonly etcd: string }
  | { readonly kind: 'missing'; readonly reason: string }

export type KubeProgramName = 'kube-apiserver' | 'kubectl'

/** The version that is built; `kube-source/go.mod` holds it too, with the checksums of all that it is made of. */
const kubeVersion = '1.35.4'
const oldestGo = 25
const buildTimeoutMs = 3_600_000
const remedy =
  'set KUBEBUILDER_ASSETS to a directory with etcd and kube-apiserver, or KUBECONFIG to a cluster for tests'

/**
 * The programs in `KUBEBUILDER_ASSETS` where that is set. Else the system's etcd or Debian's, and a kube-apiserver that Go builds once
 * from its module, in some ten minutes; a build that was cut off goes on where it was.
 */
export async function findKubeApi(environment: Readonly<NodeJS.ProcessEnv> = process.env): Promise<KubeApiProgram> {
  const assets = environment['KUBEBUILDER_ASSETS'] ?? ''
  if (assets !== '') return findInAssets(assets)
  try {
    const etcd = await findEtcd()
    return { kind: 'found', etcd, server: await findKubeProgram('kube-apiserver') }
  } catch (error) {
    return { kind: 'missing', reason: `no API server could be installed (${firstLines(error)}): ${remedy}` }
  }
}

function findInAssets(directory: string): KubeApiProgram {
  const [etcd = '', server = ''] = ['etcd', 'kube-apiserver'].map((name) => join(directory, name))
  const absent = [etcd, server].filter((path) => !existsSync(path))
  if (absent.length === 0) return { kind: 'found', etcd, server }
  return { kind: 'missing', reason: `KUBEBUILDER_ASSETS is set, and there is no ${absent.join(' and no ')}` }
}

async function findEtcd(): Promise<string> {
  if (await answers('etcd', '--version')) return 'etcd'
  const program = join('usr', 'bin', 'etcd')
  const directory = await installed({
    name: 'etcd-3.5',
    isUsable: (directory) => answers(join(directory, program), '--version'),
    install: async (directory, final) => {
      await unpackDebian('trixie', ['etcd-server', 'libc6'], directory)
      await useOwnLibraries(directory, final, [program])
    },
  })
  return join(directory, program)
}

/**
 * A program of Kubernetes, built at the first call.
 *
 * @throws when Go is missing or the build fails
 */
export async function findKubeProgram(name: KubeProgramName): Promise<string> {
  const directory = await installed({
    name: `${name}-${kubeVersion}`,
    isUsable: async (directory) => existsSync(join(directory, name)) && isVersion(join(directory, name)),
    install: (directory) => build(name, join(directory, name)),
  })
  return join(directory, name)
}

async function build(name: KubeProgramName, output: string): Promise<void> {
  const go = await findGo()
  const source = join(output, '..', 'source')
  // Go writes to the directory of a module now and then; the checkout is not its own.
  await cp(join(import.meta.dirname, 'kube-source'), source, { recursive: true })
  const [major = '', minor = ''] = kubeVersion.split('.')
  const stamps = {
    'k8s.io/component-base/version.gitVersion': `v${kubeVersion}`,
    'k8s.io/component-base/version.gitMajor': major,
    'k8s.io/component-base/version.gitMinor': minor,
    'k8s.io/component-base/version.gitTreeState': 'clean',
    'k8s.io/client-go/pkg/version.gitVersion': `v${kubeVersion}`,
  }
  // Without them it calls itself v0.0.0.
  const flags = ['-s', '-w', ...Object.entries(stamps).map(([key, value]) => `-X ${key}=${value}`)].join(' ')
  const args = ['-n', '19', go, 'build', '-trimpath', '-ldflags', flags, '-o', output, `k8s.io/kubernetes/cmd/${name}`]
  console.log(`building ${name} ${kubeVersion} by Go: once, for some ten minutes`)
  // Whatever else the machine does goes first: this uses all cores for minutes.
  await run('nice', args, { cwd: source, timeout: buildTimeoutMs, env: { ...process.env, CGO_ENABLED: '0' } })
}

async function findGo(): Promise<string> {
  for (const go of ['go', '/usr/local/go/bin/go']) {
    const said = await run(go, ['version']).catch(() => undefined)
    const minor = /go1\.(\d+)/.exec(said?.stdout ?? '')?.[1]
    // An older one fetches the one that it needs, if it is at least 1.21.
    if (minor !== undefined && Number(minor) >= 21) return go
  }
  throw new Error(`kube-apiserver is built by Go, which is missing: install Go 1.${oldestGo} or newer`)
}

async function isVersion(path: string): Promise<boolean> {
  const args = path.endsWith('kubectl') ? ['version', '--client'] : ['--version']
  return run(path, args).then(
    ({ stdout }) => stdout.includes(`v${kubeVersion}`),
    () => false,
  )
}

async function answers(program: string, argument: string): Promise<boolean> {
  return run(program, [argument]).then(
    () => true,
    () => false,
  )
}
