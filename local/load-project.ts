import type { Finding } from '../flow/finding/finding.ts'
import { lintManifests } from '../flow/lint/lint-flows.ts'
import type { ParsedManifests, SourceText } from '../flow/manifest/manifest.ts'
import { parseManifests } from '../flow/manifest/parse-manifests.ts'
import type { Plan } from '../flow/plan/plan.ts'
import type { ComponentSources, LocalComponents } from './local-components.ts'
import { loadComponents } from './local-components.ts'
import { planOf } from './local-plans.ts'
import type { ReadStdin } from './read-sources.ts'
import { readSources } from './read-sources.ts'

/** A set of manifests, read and judged: what every command starts from. */
export interface Project {
  readonly parsed: ParsedManifests
  readonly components: LocalComponents
  /** Everything that is wrong, in reading, in the manifests and in the components; unsorted. */
  readonly findings: readonly Finding[]
  /** What the files hold beside manifests of ours, by what it is, to how often. */
  readonly ignored: ReadonlyMap<string, number>
  /** Directories with component code that were met beside the manifests. */
  readonly componentDirectories: readonly string[]
}

export interface ProjectOptions extends ComponentSources {
  /** What is in none of the given files is an error. */
  readonly strict: boolean
  readonly stdin: ReadStdin
  /** Names of credentials that are given beside the manifests. */
  readonly credentials?: Iterable<string>
  /** Where objects are that do not say it; `default` without it. */
  readonly namespace?: string
  /** Manifests beside those of the files, judged as they are. */
  readonly given?: readonly SourceText[]
  /** What else there is; its own mistakes are nobody's here. */
  readonly around?: (given: ParsedManifests) => Promise<readonly SourceText[]>
}

export async function loadProject(paths: readonly string[], options: ProjectOptions): Promise<Project> {
  const read = await readSources(paths, options.stdin)
  const { namespace = 'default', given = [], around } = options
  const sources = [...read.sources.map((source) => ({ ...source, namespace })), ...given]
  const alone = parseManifests(sources)
  const others = around === undefined ? [] : await around(alone)
  const parsed = others.length === 0 ? alone : parseManifests([...others, ...sources])
  const components = await loadComponents(parsed.manifests, options)
  const linted = lintManifests(withUnreadable(parsed, components.unreadable), {
    contracts: components.contracts,
    strict: options.strict,
    credentials: options.credentials ?? [],
    components: options.directories.keys(),
  })
  const files = read.ignoredFiles === 0 ? [] : [['JSON without apiVersion and kind', read.ignoredFiles] as const]
  return {
    parsed,
    components,
    findings: [...read.findings, ...parsed.findings, ...components.findings, ...linted].filter(
      ({ file }) => !others.some((other) => other.file === file),
    ),
    ignored: new Map([...parsed.ignored, ...files]),
    componentDirectories: read.componentDirectories,
  }
}

/** A component whose code cannot be read has its finding; that nobody knows it is none. */
function withUnreadable(parsed: ParsedManifests, names: readonly string[]): ParsedManifests {
  const namespaces = new Set(parsed.manifests.flows.map(({ object }) => object.metadata.namespace ?? 'default'))
  const broken = names.flatMap((name) =>
    (['Component', 'ClusterComponent'] as const).flatMap((kind) =>
      [...namespaces, ''].map((namespace) => ({ kind, namespace, name, mistakes: [] })),
    ),
  )
  return { ...parsed, broken: [...parsed.broken, ...broken] }
}

/** The plan of every flow, in the order of the files, under number 1; only of a project without errors. */
export function plansOf({ parsed, components }: Project): readonly Plan[] {
  return parsed.manifests.flows.map((flow) => planOf(flow, components))
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error')
}
