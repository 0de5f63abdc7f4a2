import type { Trigger } from '../../crds/v1alpha1/trigger.ts'

export const triggerKinds = ['schedule', 'webhook', 'poll', 'listen', 'manual'] as const

export type TriggerKind = (typeof triggerKinds)[number]

/** Everything that the trigger says it is; exactly one when it is right. */
export function triggerKindsOf(trigger: Trigger): readonly TriggerKind[] {
  return triggerKinds.filter((kind) => trigger[kind] !== undefined)
}
