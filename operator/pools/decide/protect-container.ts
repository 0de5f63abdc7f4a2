import { fieldsOf, itemsOf } from './lay-over.ts'
import { isOwnVariable, restricted } from './pool-containers.ts'
import { names } from './pool-places.ts'
import { isOwnName, restrictedUser, seccomp, type Refuse } from './restricted-context.ts'
import { isSame, namesSecret } from './protect-volumes.ts'
import type { Fields } from './pool-wish.ts'

interface ContainerParts {
  /** With the component's template laid over. */
  readonly container: Fields
  /** The pod's spec without it. */
  readonly base: Fields
  readonly list: 'initContainers' | 'containers'
  /** Volumes that are there. */
  readonly volumes: ReadonlySet<unknown>
  readonly secret: string | undefined
  readonly refuse: Refuse
}

export function protectContainer(parts: ContainerParts): Fields {
  const { container, base, list } = parts
  const own = itemsOf(base[list]).find(({ name }) => name === container['name'])
  if (own !== undefined && own['name'] !== names.component) return ownContainer(own, parts)
  const path = pathOf(parts)
  const result: Record<string, unknown> = {
    ...container,
    securityContext: containerContext(container, path, parts.refuse),
    ...(container['volumeMounts'] !== undefined && { volumeMounts: mountsOf(parts, own, path) }),
    ...variablesOf(parts, own, path),
    ...(container['ports'] !== undefined && { ports: portsOf(container, path, parts.refuse) }),
  }
  if (own !== undefined) keepCommand(result, own, path, parts.refuse)
  return result
}

function pathOf({ container, list }: ContainerParts): string {
  return `spec.${list}[${String(container['name'])}]`
}

/** Only its resources are anybody else's business. */
function ownContainer(own: Fields, parts: ContainerParts): Fields {
  const { container, refuse } = parts
  for (const field of Object.keys(container)) {
    if (field !== 'resources' && !isSame(container[field], own[field]))
      refuse(`${pathOf(parts)}.${field}`, 'the container is the operator’s; its resources can be set')
  }
  return { ...own, resources: container['resources'] ?? own['resources'] }
}

function keepCommand(result: Record<string, unknown>, own: Fields, path: string, refuse: Refuse): void {
  if (!isSame(result['command'], own['command'])) refuse(`${path}.command`, 'the shim runs the component')
  if (result['args'] !== undefined) refuse(`${path}.args`, 'the shim runs the component')
  delete result['args']
  result['command'] = own['command']
}

function containerContext({ securityContext }: Fields, path: string, refuse: Refuse): Fields {
  const at = `${path}.securityContext`
  const { privileged, procMount, windowsOptions, ...context } = fieldsOf(securityContext)
  if (privileged === true) refuse(`${at}.privileged`, 'PodSecurity restricted does not allow it')
  if (procMount !== undefined && procMount !== 'Default')
    refuse(`${at}.procMount`, 'PodSecurity restricted does not allow it')
  if (windowsOptions !== undefined) refuse(`${at}.windowsOptions`, 'pools run on Linux')
  if (context['allowPrivilegeEscalation'] === true)
    refuse(`${at}.allowPrivilegeEscalation`, 'PodSecurity restricted asks for false')
  return {
    ...context,
    allowPrivilegeEscalation: false,
    capabilities: capabilitiesOf(fieldsOf(context['capabilities']), at, refuse),
    ...restrictedUser(context, at, refuse),
    ...seccomp(context, {}, at, refuse),
  }
}

function capabilitiesOf({ add, drop }: Fields, at: string, refuse: Refuse): Fields {
  const wanted: readonly unknown[] = Array.isArray(add) ? add : []
  const allowed = wanted.filter((capability) => capability === 'NET_BIND_SERVICE')
  if (allowed.length < wanted.length) refuse(`${at}.capabilities.add`, 'PodSecurity restricted allows NET_BIND_SERVICE')
  const dropsAll = Array.isArray(drop) && drop.includes('ALL')
  if (drop !== undefined && !dropsAll) refuse(`${at}.capabilities.drop`, 'PodSecurity restricted asks for ALL')
  return { ...restricted.capabilities, ...(allowed.length > 0 && { add: allowed }) }
}

/** Of our volumes a container has those that we gave it, as we gave them. */
function mountsOf(
  { container, volumes, refuse }: ContainerParts,
  own: Fields | undefined,
  path: string,
): readonly Fields[] {
  const ours = itemsOf(own?.['volumeMounts'])
  const theirs = itemsOf(container['volumeMounts']).filter((mount) => {
    if (ours.some((other) => isSame(other, mount))) return false
    const { name, mountPath } = mount
    const isTaken = ours.some((other) => other['mountPath'] === mountPath)
    const isKept = !isTaken && !isOwnName(name) && volumes.has(name)
    if (!isKept) refuse(`${path}.volumeMounts[${String(mountPath)}]`, 'the volume is not for this container')
    return isKept
  })
  return [...ours, ...theirs]
}

function variablesOf({ container, secret, refuse }: ContainerParts, own: Fields | undefined, path: string): Fields {
  const ours = itemsOf(own?.['env']).filter(({ name }) => own !== undefined && isOwnVariable(String(name)))
  const isFree = (part: Fields, at: string): boolean => {
    const takes = namesSecret(part, secret)
    if (takes) refuse(at, 'it takes the passwords of RabbitMQ and MongoDB')
    return !takes
  }
  const theirs = itemsOf(container['env']).filter((variable) => {
    const name = String(variable['name'])
    if (ours.some((other) => isSame(other, variable))) return false
    if (own !== undefined && isOwnVariable(name)) {
      refuse(`${path}.env[${name}]`, 'the shim works by it')
      return false
    }
    return isFree(variable, `${path}.env[${name}]`)
  })
  const { envFrom } = container
  return {
    ...(container['env'] !== undefined && { env: [...theirs, ...ours] }),
    ...(envFrom !== undefined && { envFrom: itemsOf(envFrom).filter((from) => isFree(from, `${path}.envFrom`)) }),
  }
}

function portsOf({ ports }: Fields, path: string, refuse: Refuse): readonly Fields[] {
  return itemsOf(ports).map(({ hostPort, hostIP, ...port }) => {
    if (hostPort !== undefined || hostIP !== undefined)
      refuse(`${path}.ports[${String(port['containerPort'])}].hostPort`, 'it is of the node')
    return port
  })
}
