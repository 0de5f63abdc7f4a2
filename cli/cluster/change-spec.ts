import { resources } from '../../crds/resources.ts'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { CommandContext } from '../commands/context.ts'
import { gitOpsWarning, ownManager } from './field-owner.ts'
import type { Cluster } from './open-cluster.ts'

export interface SpecChange {
  readonly flow: KubeObject
  readonly field: 'suspend' | 'freeze' | 'revision'
  /** Null takes the field away. */
  readonly value: boolean | number | null
  /** What is told when it is done: `suspended`. */
  readonly done: string
  readonly dryRun?: 'none' | 'server' | undefined
}

/** Sets one field of a flow's spec, as the user and not as Weir. Nothing is written when it is so already. */
export async function changeSpec({ terminal }: CommandContext, cluster: Cluster, change: SpecChange): Promise<void> {
  const { flow, field, value, done, dryRun } = change
  const { name } = flow.metadata
  const { out, err } = terminal
  const spec = flow['spec'] as JsonObject
  if ((spec[field] ?? null) === value) return out.write(`flow.weir.dev/${name} is ${done} already\n`)
  const warning = gitOpsWarning(flow, field)
  if (warning !== undefined) err.write(`${err.style('yellow', 'warning:')} ${warning}\n`)
  const isTried = dryRun === 'server'
  await cluster.ask(`change flow "${name}"`, {
    method: 'PATCH',
    path: pathOf(resources.flows, { namespace: cluster.namespace, name }),
    contentType: 'application/merge-patch+json',
    query: { fieldManager: ownManager, fieldValidation: 'Strict', dryRun: isTried ? 'All' : undefined },
    body: { spec: { [field]: value } },
  })
  out.write(`flow.weir.dev/${name} ${done}${isTried ? ' (server dry run)' : ''}\n`)
}
