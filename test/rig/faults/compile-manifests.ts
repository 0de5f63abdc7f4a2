import { fileURLToPath } from 'node:url'
import { compile } from '../../../flow/plan/compile.ts'
import { parseManifests } from '../../../flow/manifest/parse-manifests.ts'
import type { Plan } from '../../../flow/plan/plan.ts'
import { loadComponents } from '../../../local/local-components.ts'
import { planOf } from '../../../local/local-plans.ts'

const catalogue = fileURLToPath(new URL('../../../components', import.meta.url))

/** The plans of flows that are given as text, as first revisions; components by name and directory. */
export async function compileManifests(
  text: string,
  components: Readonly<Record<string, string>>,
  { fuse = true }: { readonly fuse?: boolean } = {},
): Promise<readonly Plan[]> {
  const parsed = parseManifests([{ file: 'flows.yaml', text }])
  if (parsed.findings.length > 0) throw new Error(JSON.stringify(parsed.findings[0]))
  const local = await loadComponents(parsed.manifests, { directories: new Map(Object.entries(components)), catalogue })
  const { contracts } = local
  return parsed.manifests.flows.map((flow) =>
    fuse ? planOf(flow, local) : compile(flow.object, { contracts, revision: 1, fuse }),
  )
}
