import { hash } from 'node:crypto'

/** Whose pods they are: what comes before a flow's first component, a component in a namespace, or one step that has pods of its own. */
export type PoolIdentity =
  | { readonly kind: 'core' }
  | { readonly kind: 'component'; readonly component: ComponentName }
  | {
      readonly kind: 'dedicated'
      readonly component: ComponentName
      readonly flowUid: string
      readonly step: string
    }

export interface ComponentName {
  readonly kind: 'Component' | 'ClusterComponent'
  readonly name: string
}

const label = '[a-z0-9](?:[-a-z0-9]{0,50}[a-z0-9])?'
const uid = '[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?'
const form = new RegExp(`^(Component|ClusterComponent)/(${label})(?:/(${uid})/(${label}))?$`)

/** Of a pool's name, as plans and flows' states have it. Undefined for what no plan can have given: nothing is made of that. */
export function poolIdentity(pool: string): PoolIdentity | undefined {
  if (pool === 'core') return { kind: 'core' }
  const [, kind, name, flowUid, step] = form.exec(pool) ?? []
  if ((kind !== 'Component' && kind !== 'ClusterComponent') || name === undefined) return undefined
  const component = { kind, name } as const
  if (flowUid === undefined || step === undefined) return { kind: 'component', component }
  return { kind: 'dedicated', component, flowUid, step }
}

const readableChars = 30

/**
 * What all objects of a pool are called in its namespace, the same for the same pool: at most 46 characters, so that what Kubernetes puts behind it still
 * makes the name of a host. Two pools never share one.
 */
export function poolObjectName(pool: string): string {
  const identity = poolIdentity(pool)
  if (identity?.kind === 'core') return 'weir-core'
  const words = identity === undefined ? 'pool' : readable(identity)
  return `weir-${words.slice(0, readableChars).replace(/-+$/, '')}-${hash('sha256', pool, 'hex').slice(0, 10)}`
}

function readable(identity: Exclude<PoolIdentity, { kind: 'core' }>): string {
  return identity.kind === 'dedicated' ? `${identity.component.name}-${identity.step}` : identity.component.name
}
