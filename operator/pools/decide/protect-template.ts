import { fieldsOf, itemsOf } from './lay-over.ts'
import { protectContainer } from './protect-container.ts'
import { protectVolumes } from './protect-volumes.ts'
import { restrictedUser, seccomp, type Refusal, type Refuse } from './restricted-context.ts'
import type { Fields } from './pool-wish.ts'

export interface Laid {
  /** Without the component's template. */
  readonly base: Fields
  /** With it. */
  readonly laid: Fields
  /** The component's template. */
  readonly over: Fields
  /** The Secret with the URLs of RabbitMQ and MongoDB. */
  readonly secret?: string
}

const ofPod: Readonly<Record<string, string>> = {
  serviceAccountName: 'the runner reads flows and Secrets as its own account',
  serviceAccount: 'the runner reads flows and Secrets as its own account',
  automountServiceAccountToken: 'the token is for the runner alone',
  shareProcessNamespace: 'containers would see into each other',
  hostNetwork: 'PodSecurity restricted does not allow it',
  hostPID: 'PodSecurity restricted does not allow it',
  hostIPC: 'PodSecurity restricted does not allow it',
  restartPolicy: 'a Deployment restarts its pods',
  ephemeralContainers: 'a template has none',
}

/**
 * Puts back what keeps a component's code away from the credentials beside it, and what PodSecurity *restricted* asks for, and tells what was refused for it.
 * The runner and the copying container stay as they are, but for their resources.
 */
export function protectTemplate({ base, laid, over, secret }: Laid): {
  readonly template: Fields
  readonly refused: readonly Refusal[]
} {
  const refused: Refusal[] = []
  const refuse: Refuse = (path, why) => void refused.push({ path, why })
  const [spec, own] = [fieldsOf(laid['spec']), fieldsOf(base['spec'])]
  const volumes = protectVolumes({ base: own, laid: spec, secret, refuse })
  const containersAt = (list: 'initContainers' | 'containers'): readonly Fields[] =>
    withOurs(list, own, spec).map((container) =>
      protectContainer({ container, base: own, list, volumes: volumes.names, secret, refuse }),
    )
  const template = {
    metadata: protectMetadata(base, laid, refuse),
    spec: {
      ...protectPod(own, spec, refuse),
      securityContext: protectContext(own, spec, refuse),
      initContainers: containersAt('initContainers'),
      containers: containersAt('containers'),
      volumes: volumes.kept,
    },
  }
  tellUnknown(over, refuse)
  return { template, refused }
}

/** A list that was taken away as a whole took ours along. */
function withOurs(list: 'initContainers' | 'containers', own: Fields, spec: Fields): readonly Fields[] {
  const present = itemsOf(spec[list])
  const missing = itemsOf(own[list]).filter(({ name }) => !present.some((other) => other['name'] === name))
  return [...missing, ...present]
}

function tellUnknown(over: Fields, refuse: Refuse): void {
  for (const key of Object.keys(over)) {
    if (key !== 'metadata' && key !== 'spec') refuse(key, 'a PodTemplateSpec has metadata and spec')
  }
}

function protectMetadata(base: Fields, laid: Fields, refuse: Refuse): Fields {
  const [own, all] = [fieldsOf(base['metadata']), fieldsOf(laid['metadata'])]
  const part = (field: 'labels' | 'annotations'): Fields => {
    const [ours, merged] = [fieldsOf(own[field]), fieldsOf(all[field])]
    for (const key of Object.keys(ours)) {
      if (merged[key] !== ours[key]) refuse(`metadata.${field}[${key}]`, 'the operator finds the pods by it')
    }
    return { ...merged, ...ours }
  }
  return { labels: part('labels'), annotations: part('annotations') }
}

function protectPod(own: Fields, spec: Fields, refuse: Refuse): Fields {
  const result: Record<string, unknown> = { ...spec }
  for (const [field, why] of Object.entries(ofPod)) {
    if (result[field] === own[field]) continue
    // What only says what holds anyway.
    if (result[field] !== false && !(field === 'restartPolicy' && result[field] === 'Always'))
      refuse(`spec.${field}`, why)
    delete result[field]
    if (own[field] !== undefined) result[field] = own[field]
  }
  return result
}

function protectContext(own: Fields, spec: Fields, refuse: Refuse): Fields {
  const ours = fieldsOf(own['securityContext'])
  const path = 'spec.securityContext'
  if (spec['securityContext'] === undefined) refuse(path, 'PodSecurity restricted asks for it')
  const { sysctls, windowsOptions, ...context } = fieldsOf(spec['securityContext'] ?? ours)
  if (sysctls !== undefined) refuse(`${path}.sysctls`, 'they are of the node')
  if (windowsOptions !== undefined) refuse(`${path}.windowsOptions`, 'pools run on Linux')
  return { ...ours, ...context, ...restrictedUser(context, path, refuse), ...seccomp(context, ours, path, refuse) }
}
