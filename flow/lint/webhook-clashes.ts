import type { Flow } from '../../crds/v1alpha1/flow.ts'
import type { HttpMethod } from '../../crds/v1alpha1/trigger.ts'
import { toFinding } from '../finding/draft.ts'
import type { Finding } from '../finding/finding.ts'
import { quoted } from '../finding/suggest.ts'
import { webhookDefaults } from '../plan/defaults.ts'
import type { Manifest } from '../manifest/manifest.ts'

interface Claim {
  readonly manifest: Manifest<Flow>
  readonly trigger: number
  readonly methods: readonly HttpMethod[]
}

/**
 * Webhooks of a namespace that answer to the same requests: the same path but for the names of its parameters, and a method
 * in common. `/a/{id}` and `/a/new` do not clash: what is written out goes first.
 */
export function webhookClashes(flows: readonly Manifest<Flow>[]): readonly Finding[] {
  const claims = new Map<string, Claim[]>()
  return flows.flatMap((manifest) =>
    manifest.object.spec.triggers.flatMap(({ webhook }, trigger) => {
      if (webhook === undefined) return []
      const key = `${manifest.object.metadata.namespace ?? 'default'} ${shapeOf(webhook.path)}`
      const claim = { manifest, trigger, methods: webhook.methods ?? webhookDefaults.methods }
      const others = claims.get(key)
      if (others === undefined) {
        claims.set(key, [claim])
        return []
      }
      others.push(claim)
      const before = others.find(
        (other) => other !== claim && other.methods.some((method) => claim.methods.includes(method)),
      )
      return before === undefined ? [] : [clash(claim, before)]
    }),
  )
}

function shapeOf(path: string): string {
  return path.replaceAll(/\{[^}]*\}/g, '{}').replace(/\/$/, '')
}

function clash(claim: Claim, before: Claim): Finding {
  const { manifest } = before
  const { metadata, spec } = manifest.object
  const { line } = manifest.positionOf(['spec', 'triggers', before.trigger, 'webhook', 'path'])
  const trigger = spec.triggers[before.trigger]?.name ?? ''
  const whose = manifest === claim.manifest ? '' : ` of flow ${quoted(metadata.name)}`
  const message = `trigger ${quoted(trigger)}${whose} answers to the same requests (${manifest.file}:${line}): change the path or the methods`
  const path = ['spec', 'triggers', claim.trigger, 'webhook', 'path']
  return toFinding({ code: 'WebhookPathClash', path, message }, claim.manifest)
}
