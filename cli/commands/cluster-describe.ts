import { apiVersionOf, type KubeObject } from '../../kube/kube-object.ts'
import { askStepLoads } from '../cluster/ask-step-loads.ts'
import type { ClusterOptions } from '../cluster/cluster-options.ts'
import { conditionsText, headText, section } from '../cluster/describe-object.ts'
import { flowFacts, revisionsText, stepsText } from '../cluster/describe-flow.ts'
import { eventRows } from '../cluster/event-rows.ts'
import { activeOf, planOfRevision, revisionsOf } from '../cluster/flow-revisions.ts'
import type { LiveFlow } from '../cluster/flow-standing.ts'
import { askedFor } from '../cluster/kinds.ts'
import { namedObject } from '../cluster/named-object.ts'
import { withCluster, type Cluster } from '../cluster/open-cluster.ts'
import type { CommandContext } from './context.ts'

/** Prints objects with all that is known of them: of a flow its graph with rates, its revisions, and what was told of it. */
export function clusterDescribeCommand(
  context: CommandContext,
  words: readonly string[],
  options: ClusterOptions,
): Promise<number> {
  return withCluster(options, async (cluster) => {
    const texts: string[] = []
    for (const { resource, names } of askedFor(words)) {
      const all = names.length > 0 ? names : (await cluster.list(resource)).map(({ metadata }) => metadata.name)
      for (const name of all) {
        const found = await namedObject(cluster, resource, name)
        const object = { ...found, apiVersion: apiVersionOf(resource), kind: resource.kind }
        texts.push(
          await (resource.kind === 'Flow'
            ? flowText(cluster, object as unknown as LiveFlow)
            : objectText(cluster, object)),
        )
      }
    }
    const { out, err } = context.terminal
    if (texts.length === 0) err.write(`there is nothing in namespace ${cluster.namespace}\n`)
    out.write(texts.join('\n\n'))
    return 0
  })
}

async function flowText(cluster: Cluster, flow: LiveFlow): Promise<string> {
  const nowMs = Date.now()
  const [rows, loads] = await Promise.all([revisionsOf(cluster, flow), askStepLoads(cluster, flow)])
  const active = activeOf(rows)
  const plan = active && (await planOfRevision(cluster, active))
  return [
    headText(flow, flowFacts(flow, nowMs), nowMs),
    conditionsText(flow, nowMs),
    stepsText(flow, plan, loads),
    revisionsText(rows, nowMs),
    await eventsText(cluster, flow, nowMs),
  ].join('')
}

async function objectText(cluster: Cluster, object: KubeObject): Promise<string> {
  const nowMs = Date.now()
  return [
    headText(object, factsOf(object), nowMs),
    conditionsText(object, nowMs),
    await eventsText(cluster, object, nowMs),
  ].join('')
}

/** What the kinds have at their top level and people look for; the rest is in `get -o yaml`. */
function factsOf(object: KubeObject): readonly (readonly [string, string | undefined])[] {
  const { spec, status } = object as { readonly spec?: Fields; readonly status?: Fields }
  const shown = [...facts(spec), ...facts(status)]
  const functions = (status?.['functions'] ?? spec?.['functions'] ?? []) as readonly {
    readonly name: string
    readonly kind: string
  }[]
  return [...shown, ['Functions', functions.map(({ name, kind }) => `${name} (${kind})`).join(', ') || undefined]]
}

type Fields = Readonly<Record<string, unknown>>

/** `consentUrl` as `Consent url`. */
function facts(fields: Fields = {}): (readonly [string, string])[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (name === 'observedGeneration' || (typeof value !== 'string' && typeof value !== 'number')) return []
    const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    return [[words.slice(0, 1).toUpperCase() + words.slice(1), String(value)]]
  })
}

async function eventsText(cluster: Cluster, object: KubeObject, nowMs: number): Promise<string> {
  return section('Events', ['LAST SEEN', 'TYPE', 'REASON', 'COUNT', 'MESSAGE'], await eventRows(cluster, object, nowMs))
}
