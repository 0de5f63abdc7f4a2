import { contractIndex } from '../../flow/component/contract-index.ts'
import { contractOf } from '../../flow/component/contract-of.ts'
import { parseManifests } from '../../flow/manifest/parse-manifests.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { planOf } from '../../local/local-plans.ts'

/** Plans for tests, of the flows in a text that holds their components, too. */
export function samplePlans(text: string): readonly Plan[] {
  const { manifests, findings } = parseManifests([{ file: 'sample.yaml', text }])
  if (findings.length > 0) throw new Error(findings.map(({ message }) => message).join('\n'))
  const contracts = manifests.components.flatMap(({ object: { metadata, spec } }) => {
    const { contract } = contractOf({ kind: 'Component', name: metadata.name, spec })
    return contract === undefined ? [] : [contract]
  })
  return manifests.flows.map((flow) => planOf(flow, { contracts: contractIndex(contracts) }))
}

/** A flow of one `log` step with these triggers, in YAML. */
export function sampleFlow(name: string, triggers: string, metadata = ''): string {
  return `---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: ${name}${metadata}}
spec:
  triggers: ${triggers}
  steps: [{name: say, log: data}]
`
}
