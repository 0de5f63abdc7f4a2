import type { Flow } from '../crds/v1alpha1/flow.ts'
import type { Finding } from '../flow/finding/finding.ts'
import type { Manifest, ParsedManifests } from '../flow/manifest/manifest.ts'
import { lintManifests } from '../flow/lint/lint-flows.ts'
import { parseManifests } from '../flow/manifest/parse-manifests.ts'
import { compile } from '../flow/plan/compile.ts'
import type { Plan } from '../flow/plan/plan.ts'
import { localFlowUid } from './flow-uid.ts'
import type { ComponentSources, LocalComponents } from './local-components.ts'
import { loadComponents } from './local-components.ts'
import { readSources } from './read-sources.ts'

/** A set of manifests, read and judged: what every command starts from. */
export interface Project {
  readonly parsed: ParsedManifests
  readonly components: LocalComponents
  /** Everything that is wrong, in reading, in the manifests and in the components; without duplicates, unsorted. */
  readonly findings: readonly Finding[]
  /** Of every flow, in the order of the files, under number 1; empty while there is an error. */
  readonly plans: readonly Plan[]
}

export interface ProjectOptions extends ComponentSources {
  readonly strict: boolean
  readonly stdin: () => Promise<string>
  /** Names of credentials that are given beside the manifests. */
  readonly credentials?: Iterable<string>
}

export async function loadProject(paths: readonly string[], options: ProjectOptions): Promise<Project> {
  const read = await readSources(paths, options.stdin)
  const parsed = parseManifests(read.sources)
  const components = await loadComponents(parsed.manifests, options)
  const linted = lintManifests(parsed, {
    contracts: components.contracts,
    strict: options.strict,
    credentials: options.credentials ?? [],
  })
  const findings = [...read.findings, ...parsed.findings, ...components.findings, ...linted]
  const plans = hasErrors(findings) ? [] : parsed.manifests.flows.map((flow) => planOf(flow, components))
  return { parsed, components, findings, plans }
}

/** The plan of a flow that has no error, under the next number. */
export function planOf({ object }: Manifest<Flow>, components: LocalComponents, revision = 1): Plan {
  const { namespace = 'default', name, uid } = object.metadata
  const flow: Flow = {
    ...object,
    metadata: { ...object.metadata, namespace, uid: uid ?? localFlowUid(namespace, name) },
  }
  return compile(flow, { contracts: components.contracts, revision })
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error')
}
