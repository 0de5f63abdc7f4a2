import type { ComponentSpec } from '../../../crds/v1alpha1/component.ts'
import { fieldsOf, layOver } from './lay-over.ts'
import {
  componentContainer,
  copyContainer,
  isOwnVariable,
  runnerContainer,
  type RunnerPlace,
} from './pool-containers.ts'
import { poolObjectName } from './pool-identity.ts'
import { poolAnnotation, poolLabels, poolSelector } from './pool-metadata.ts'
import { volumes } from './pool-places.ts'
import { protectTemplate } from './protect-template.ts'
import type { Refusal } from './restricted-context.ts'
import { sourceHash } from './source-files.ts'
import type { Fields, PoolWish } from './pool-wish.ts'

export interface PodTemplate {
  readonly template: Fields
  /** What of the component's `podTemplate` does not count, since it would open what has to stay closed. */
  readonly refused: readonly Refusal[]
}

/** What pods run as, unless a component's `podTemplate` names another user. */
const usualUser = 1000
/** From a pod's notice to its end by force; the runner has 20 s less, to let go of its servers. */
const usualGraceSeconds = 50
const lettingGoSeconds = 20
const tokenSeconds = 3_600

/** A pool's pods, with the component's `podTemplate` laid over; what isolates its code from our credentials is put back after that. */
export function podTemplate(wish: PoolWish): PodTemplate {
  const over = fieldsOf(wish.component?.podTemplate)
  const place = runnerPlace(wish, over)
  const base = baseTemplate(wish, place)
  if (wish.component === undefined) return { template: base, refused: [] }
  const { template, refused } = protectTemplate({
    base,
    laid: layOver(base, over),
    over,
    secret: wish.connection.secret,
  })
  return { template, refused: [...reservedVariables(wish.component), ...refused] }
}

function reservedVariables({ env = [] }: ComponentSpec): readonly Refusal[] {
  const reserved = env.filter(({ name }) => isOwnVariable(name))
  return reserved.map(({ name }) => ({ path: `env[${name}]`, why: 'variables that begin with WEIR_ are the shim’s' }))
}

function runnerPlace({ component }: PoolWish, over: Fields): RunnerPlace {
  const spec = fieldsOf(over['spec'])
  const grace = spec['terminationGracePeriodSeconds']
  const graceSeconds = typeof grace === 'number' && grace >= 0 ? grace : usualGraceSeconds
  return {
    hasComponent: component !== undefined,
    shutdownSeconds: Math.max(0, Math.floor(graceSeconds) - lettingGoSeconds),
    runAsUser: componentUser(spec),
  }
}

/** Sockets are for their user alone. */
function componentUser(spec: Fields): number | undefined {
  const containers = Array.isArray(spec['containers']) ? spec['containers'].map(fieldsOf) : []
  const own = containers.find(({ name }) => name === 'component')
  const user = fieldsOf(own?.['securityContext'])['runAsUser']
  return typeof user === 'number' && user > 0 ? user : undefined
}

function baseTemplate(wish: PoolWish, place: RunnerPlace): Fields {
  const { pool, component, connection } = wish
  const version = connection.version
  const code = component?.source === undefined ? undefined : sourceHash(component.source)
  return {
    metadata: {
      labels: poolLabels(pool),
      annotations: {
        [poolAnnotation]: pool,
        'kubectl.kubernetes.io/default-container': component === undefined ? 'weir-runner' : 'component',
        // What pods cannot take over while they run. Secrets are no part of it: they reach steps without a restart.
        ...(version !== undefined && { 'weir.dev/connection': version }),
        ...(code !== undefined && { 'weir.dev/source': code }),
      },
    },
    spec: {
      serviceAccountName: poolObjectName(pool),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: place.shutdownSeconds + lettingGoSeconds,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: usualUser,
        runAsGroup: usualUser,
        fsGroup: usualUser,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: poolSelector(pool) },
      })),
      ...containersOf(wish, place),
      volumes: volumesOf(wish),
    },
  }
}

function containersOf(wish: PoolWish, place: RunnerPlace): Fields {
  const { component } = wish
  if (component === undefined) return { containers: [runnerContainer(wish, place)] }
  return {
    // The runner stays until the component's container has ended: a sidecar is told last.
    initContainers: [copyContainer(wish), runnerContainer(wish, place)],
    containers: [componentContainer(component, place, wish)],
  }
}

function volumesOf({ pool, component }: PoolWish): readonly Fields[] {
  const token = {
    name: volumes.token,
    projected: {
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: tokenSeconds } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  }
  const small = { sizeLimit: '64Mi' }
  if (component === undefined) return [token, { name: volumes.runnerFiles, emptyDir: {} }]
  return [
    token,
    { name: volumes.runnerFiles, emptyDir: {} },
    { name: volumes.shim, emptyDir: small },
    { name: volumes.sockets, emptyDir: small },
    { name: volumes.files, emptyDir: {} },
    ...(component.source === undefined
      ? []
      : [
          { name: volumes.source, configMap: { name: poolObjectName(pool) } },
          { name: volumes.code, emptyDir: small },
        ]),
  ]
}
