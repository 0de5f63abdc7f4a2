import type { Plan, PlanTrigger } from '../../flow/plan/plan.ts'
import type { Gateway } from '../../runtime/gateway/open-gateway.ts'
import type { NextFire } from '../../runtime/scheduler/scheduler-parts.ts'

export interface OpenTriggers {
  readonly gateway: Pick<Gateway, 'url'> | undefined
  readonly next: readonly NextFire[]
  /** Where health and metrics are shown. */
  readonly probesUrl?: string
}

/** What runs now, a line per flow and trigger: where webhooks listen, when schedules fire next. */
export function announcement(plans: readonly Plan[], open: OpenTriggers): string {
  const flows = plans.flatMap((plan) => [flowLine(plan), ...plan.triggers.map((one) => triggerLine(plan, one, open))])
  const isSilent = plans.every(({ triggers }) => triggers.every(({ kind }) => kind === 'manual'))
  const hint = isSilent ? ['nothing starts by itself here: fire a trigger with --once'] : []
  const probes =
    open.probesUrl === undefined ? [] : [`health and metrics  ${open.probesUrl}/readyz, ${open.probesUrl}/metrics`]
  return `${[...flows, ...hint, ...probes, 'running; Ctrl-C stops'].join('\n')}\n`
}

function flowLine({ flow, revision }: Plan): string {
  const state = [flow.suspend ? ', suspended' : '', flow.freeze ? ', frozen' : ''].join('')
  return `flow ${flow.name}, revision ${revision}${state}`
}

function triggerLine({ flow }: Plan, { name, kind, spec }: PlanTrigger, { gateway, next }: OpenTriggers): string {
  const words = [`  ${name}`, kind]
  if (kind === 'webhook' && gateway !== undefined) {
    const { methods = ['POST'], path } = spec.webhook ?? {}
    words.push(methods.join(', '), `${gateway.url}/hooks/${flow.namespace}${path ?? ''}`)
  }
  const fire = next.find((one) => one.flow === flow.uid && one.trigger === name)
  if (kind === 'schedule' && fire !== undefined) words.push(`next at ${new Date(fire.at).toISOString()}`)
  return words.join('  ')
}
