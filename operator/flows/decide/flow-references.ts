import type { FlowSpec } from '../../../crds/v1alpha1/flow.ts'
import type { WebhookAuth } from '../../../crds/v1alpha1/trigger.ts'
import { componentOf, type ComponentReference } from '../../../flow/component/contract-index.ts'

/** What a flow names: whatever becomes of these may change what is wrong with it. Each once. */
export interface FlowReferences {
  readonly components: readonly ComponentReference[]
  readonly credentials: readonly string[]
  /** Of webhooks: two flows with the same one may clash. */
  readonly webhooks: readonly string[]
}

export function referencesOf({ steps, triggers }: FlowSpec): FlowReferences {
  const components = new Map<string, ComponentReference>()
  for (const step of steps) {
    const reference = componentOf(step)
    if (reference !== undefined) components.set(`${reference.kind}/${reference.name}`, reference)
  }
  const ofSteps = steps.flatMap(({ credential }) => credential ?? [])
  const ofWebhooks = triggers.flatMap(({ webhook }) => (webhook === undefined ? [] : credentialsOf(webhook.auth)))
  return {
    components: [...components.values()],
    credentials: [...new Set([...ofSteps, ...ofWebhooks])],
    webhooks: [...new Set(triggers.flatMap(({ webhook }) => (webhook === undefined ? [] : shapeOf(webhook.path))))],
  }
}

function credentialsOf(auth: WebhookAuth): string[] {
  return Object.values(auth).flatMap((one: { readonly credential?: string } | undefined) => one?.credential ?? [])
}

/** Parameters may have any name. */
function shapeOf(path: string): string {
  return path.replaceAll(/\{[^}]*\}/g, '{}').replace(/\/$/, '')
}
