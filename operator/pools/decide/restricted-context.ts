import { fieldsOf } from './lay-over.ts'
import { ownPrefix } from './pool-places.ts'
import type { Fields } from './pool-wish.ts'

/** Something in a component's `podTemplate` that does not count. */
export interface Refusal {
  /** From the template's root. */
  readonly path: string
  readonly why: string
}

/** Hears of what is refused. */
export type Refuse = (path: string, why: string) => void

/** Fields that have to be taken back; none when all is well. */
export function restrictedUser(context: Fields, path: string, refuse: Refuse): Fields {
  const { runAsNonRoot, runAsUser } = context
  if (runAsNonRoot === false) refuse(`${path}.runAsNonRoot`, 'PodSecurity restricted asks for true')
  const isRoot = runAsUser === 0
  if (isRoot) refuse(`${path}.runAsUser`, 'PodSecurity restricted does not allow root')
  return {
    ...(runAsNonRoot !== undefined && { runAsNonRoot: true }),
    ...(isRoot && { runAsUser: 1000 }),
  }
}

export function seccomp(context: Fields, ours: Fields, path: string, refuse: Refuse): Fields {
  const { seccompProfile } = context
  if (seccompProfile === undefined && ours['seccompProfile'] === undefined) return {}
  const { type } = fieldsOf(seccompProfile)
  if (type === 'RuntimeDefault' || type === 'Localhost') return {}
  refuse(`${path}.seccompProfile`, 'PodSecurity restricted asks for RuntimeDefault or Localhost')
  return { seccompProfile: { type: 'RuntimeDefault' } }
}

export function isOwnName(name: unknown): boolean {
  return typeof name === 'string' && name.startsWith(ownPrefix)
}
