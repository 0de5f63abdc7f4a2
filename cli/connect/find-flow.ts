import { listed, quoted, suggestion } from '../../flow/finding/suggest.ts'
import { localFlowUid } from '../../local/flow-uid.ts'
import type { Store } from '../../runtime/store/store.ts'
import { UsageError } from '../usage-error.ts'

export interface KnownFlow {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

type FlowStores = Pick<Store, 'flows' | 'plans'>

/**
 * The flow that somebody means by `[namespace/]name` or its uid.
 *
 * @throws {UsageError} when there is none, or more than one of the name
 */
export async function findFlow(store: FlowStores, typed: string): Promise<KnownFlow> {
  const known = await flowsWithState(store)
  const meant = known.filter((flow) => isMeant(flow, typed))
  const [found] = meant
  if (found !== undefined && meant.length === 1) return found
  if (meant.length > 1) {
    throw new UsageError(`there are several flows ${quoted(typed)}: say which, as ${listed(meant.map(nameOf))}`)
  }
  return (await flowWithPlan(store, typed)) ?? notFound(typed, known)
}

/** A name for a flow's uid, and the uid where nobody knows one any more. Asks the store once for each. */
export function flowNames(store: FlowStores): (uid: string) => Promise<string> {
  let states: Promise<readonly KnownFlow[]> | undefined
  const names = new Map<string, Promise<string>>()
  const lookUp = async (uid: string): Promise<string> => {
    states ??= flowsWithState(store)
    const known = (await states).find((flow) => flow.uid === uid) ?? (await flowOfPlan(store, uid))
    return known === undefined ? uid : nameOf(known)
  }
  return (uid) => {
    const name = names.get(uid) ?? lookUp(uid)
    names.set(uid, name)
    return name
  }
}

export function nameOf({ namespace, name }: Pick<KnownFlow, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}

async function flowsWithState({ flows }: FlowStores): Promise<readonly KnownFlow[]> {
  return (await flows.list()).map(({ state: { flow, namespace, name } }) => ({ uid: flow, namespace, name }))
}

function isMeant(flow: KnownFlow, typed: string): boolean {
  return [flow.uid, flow.name, nameOf(flow)].includes(typed)
}

/** A local run may keep no state of its flows, but their plans; and what a flow's uid is there follows from its name. */
async function flowWithPlan(store: FlowStores, typed: string): Promise<KnownFlow | undefined> {
  const [namespace = 'default', name = typed] = typed.includes('/') ? typed.split('/', 2) : ['default', typed]
  return (await flowOfPlan(store, localFlowUid(namespace, name))) ?? flowOfPlan(store, typed)
}

async function flowOfPlan({ plans }: FlowStores, uid: string): Promise<KnownFlow | undefined> {
  const plan = await plans.latest(uid)
  return plan && { uid, namespace: plan.flow.namespace, name: plan.flow.name }
}

function notFound(typed: string, known: readonly KnownFlow[]): never {
  const names = known.map((flow) => (typed.includes('/') ? nameOf(flow) : flow.name))
  const hint = suggestion(typed, [...new Set(names)])
  throw new UsageError(
    `the store knows no flow ${quoted(typed)}${hint === '' ? ': give it as [namespace/]name, or its uid' : hint}`,
  )
}
