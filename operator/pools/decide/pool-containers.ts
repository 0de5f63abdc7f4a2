import type { ComponentSpec, EnvVar } from '../../../crds/v1alpha1/component.ts'
import { names, paths, shimFile, sourceKey, supervisorSocket, volumes } from './pool-places.ts'
import { runnerPort } from './pool-ports.ts'
import type { Fields, PoolPlatform, PoolWish } from './pool-wish.ts'

/** What PodSecurity *restricted* asks of a container. */
export const restricted = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } as const
const ownFiles = { ...restricted, readOnlyRootFilesystem: true } as const

/** Arguments: the shim, where it goes, and with inline source the JSON and its directory. A path out of that directory ends it. */
export const copyProgram = `
const fs = require('node:fs'), path = require('node:path')
const [shim, target, source, directory] = process.argv.slice(1)
fs.copyFileSync(shim, target)
if (source !== undefined) {
  for (const [name, text] of Object.entries(JSON.parse(fs.readFileSync(source, 'utf8')))) {
    const file = path.resolve(directory, name)
    if (!file.startsWith(path.resolve(directory) + path.sep)) throw new Error(JSON.stringify(name) + ' leads out of the component')
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, text)
  }
}`

export function copyContainer({ platform, component }: PoolWish): Fields {
  const isInline = component?.source !== undefined
  const source = isInline ? [`${paths.source}/${sourceKey}`, paths.code] : []
  return {
    name: names.copy,
    ...ownImage(platform),
    command: ['node', '-e', copyProgram, platform.shimPath, shimFile, ...source],
    securityContext: ownFiles,
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '128Mi' } },
    volumeMounts: [
      { name: volumes.shim, mountPath: paths.shim },
      ...(isInline
        ? [
            { name: volumes.source, mountPath: paths.source, readOnly: true },
            { name: volumes.code, mountPath: paths.code },
          ]
        : []),
    ],
  }
}

/** Whether the runner is beside a component, and how long it may take to end. */
export interface RunnerPlace {
  readonly hasComponent: boolean
  readonly shutdownSeconds: number
  /** Of the component, which must be able to enter the runner's sockets. */
  readonly runAsUser: number | undefined
}

export function runnerContainer(wish: PoolWish, place: RunnerPlace): Fields {
  const { platform } = wish
  const probe = (path: string): Fields => ({ httpGet: { path, port: 'metrics' } })
  return {
    name: names.runner,
    ...ownImage(platform),
    command: platform.runnerCommand,
    // Before the component starts, and after it has ended.
    ...(place.hasComponent && { restartPolicy: 'Always' }),
    env: runnerEnv(wish, place),
    ports: [{ name: 'metrics', containerPort: runnerPort, protocol: 'TCP' }],
    startupProbe: { ...probe('/livez'), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe('/livez'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5, timeoutSeconds: 5 },
    securityContext: { ...ownFiles, ...(place.runAsUser !== undefined && { runAsUser: place.runAsUser }) },
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    volumeMounts: [
      { name: volumes.token, mountPath: paths.token, readOnly: true },
      { name: volumes.runnerFiles, mountPath: '/tmp' },
      ...(place.hasComponent ? [{ name: volumes.sockets, mountPath: paths.sockets }] : []),
    ],
  }
}

function runnerEnv({ pool, connection, platform, component }: PoolWish, place: RunnerPlace): readonly Fields[] {
  const { secret, brokerKey, storeKey } = connection
  const maxProcesses = component?.scaling?.maxProcesses
  const values: Readonly<Record<string, string>> = {
    ...platform.runnerEnv,
    WEIR_PLANS: 'kubernetes',
    WEIR_CREDENTIALS: 'kubernetes',
    WEIR_POOLS: pool,
    WEIR_HTTP_PORT: String(runnerPort),
    WEIR_SHUTDOWN_SECONDS: String(place.shutdownSeconds),
    ...(place.hasComponent && { WEIR_SUPERVISOR_SOCKET: supervisorSocket }),
    ...(maxProcesses !== undefined && { WEIR_MAX_PROCESSES: String(maxProcesses) }),
  }
  return [
    { name: 'WEIR_BROKER_URL', valueFrom: { secretKeyRef: { name: secret, key: brokerKey } } },
    { name: 'WEIR_STORE_URL', valueFrom: { secretKeyRef: { name: secret, key: storeKey } } },
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
  ]
}

/** The supervisor waits a little longer than the runner: that has finished by then, or never will. */
const patienceSeconds = 5

export function componentContainer(spec: ComponentSpec, { shutdownSeconds }: RunnerPlace, wish: PoolWish): Fields {
  const isInline = spec.source !== undefined
  const { env = [], resources } = spec
  return {
    name: names.component,
    ...(isInline ? { ...ownImage(wish.platform), workingDir: paths.code } : { image: spec.image ?? '' }),
    command: ['node', shimFile],
    env: [...homeUnless(env), ...env.filter(({ name }) => !isOwnVariable(name)), ...componentEnv(shutdownSeconds)],
    // No limit unless somebody knows one: reaching it ends every process of the container, the innocent ones too.
    resources: resources ?? { requests: { cpu: '50m', memory: '128Mi' } },
    securityContext: restricted,
    volumeMounts: [
      { name: volumes.shim, mountPath: paths.shim, readOnly: true },
      { name: volumes.sockets, mountPath: paths.sockets },
      { name: volumes.files, mountPath: '/tmp' },
      ...(isInline ? [{ name: volumes.code, mountPath: paths.code, readOnly: true }] : []),
    ],
  }
}

function homeUnless(env: readonly EnvVar[]): readonly EnvVar[] {
  return env.some(({ name }) => name === 'HOME') ? [] : [{ name: 'HOME', value: '/tmp' }]
}

function componentEnv(shutdownSeconds: number): readonly Fields[] {
  return [
    { name: 'WEIR_SUPERVISOR_SOCKET', value: supervisorSocket },
    { name: 'WEIR_SHUTDOWN_SECONDS', value: String(shutdownSeconds + patienceSeconds) },
  ]
}

/** Variables that say how the shim works; a component's own would never reach its code. */
export function isOwnVariable(name: string): boolean {
  return name.startsWith('WEIR_')
}

function ownImage({ image, imagePullPolicy }: PoolPlatform): Fields {
  return { image, ...(imagePullPolicy !== undefined && { imagePullPolicy }) }
}
