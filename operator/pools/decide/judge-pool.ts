import type { ComponentSpec } from '../../../crds/v1alpha1/component.ts'
import type { PoolIdentity } from './pool-identity.ts'
import type { PoolReason, PoolTrouble } from './pool-report.ts'
import { isSourceTooLarge } from './source-files.ts'

export interface PoolFacts {
  readonly identity: PoolIdentity
  /** Undefined when the component is not there, or for `core`. */
  readonly component?: ComponentSpec | undefined
  /** The namespace has its Secret with the addresses of broker and store. */
  readonly isTenantReady: boolean
}

/** What keeps a pool from being made; it stays as it is then, if there is one: what it works on is none of the mistake's. */
export function poolTrouble({ identity, component, isTenantReady }: PoolFacts): PoolTrouble | undefined {
  if (identity.kind !== 'core') {
    const { kind, name } = identity.component
    if (component === undefined)
      return final('ComponentNotFound', `there is no ${kind} "${name}"; its messages wait until there is one again`)
    if (component.protocol === 'http')
      return final('ProtocolUnsupported', '`protocol: http` is not there yet: use `node`, or leave it out')
    if (component.source !== undefined && isSourceTooLarge(component.source))
      return final('SourceTooLarge', '`source` is more than 1 MB, which no ConfigMap holds: make an image of it')
  }
  if (isTenantReady) return undefined
  return {
    reason: 'TenantNotReady',
    message: 'the namespace’s part of RabbitMQ and MongoDB is still being made',
    isFinal: false,
  }
}

function final(reason: PoolReason, message: string): PoolTrouble {
  return { reason, message, isFinal: true }
}

export interface Refused {
  /** Which of the pool's objects. */
  readonly kind: string
  /** Of HTTP; 0 without an answer. */
  readonly status: number
  readonly message: string
}

/** Why the API server did not take one of a pool's objects, in our words. */
export function refusalTrouble({ kind, status, message }: Refused): PoolTrouble {
  if (kind === 'Role' && status === 403)
    return {
      reason: 'SecretAccessDenied',
      message: `the operator may not give away what it may not do itself, open the namespace to it: ${message}`,
      isFinal: false,
    }
  if (status === 422 && kind === 'Deployment') return final('PodTemplateInvalid', message)
  if ([400, 403, 413, 422].includes(status)) return { reason: 'PoolRefused', message, isFinal: status !== 403 }
  return { reason: 'PoolNotApplied', message, isFinal: false }
}
