import type { Flow } from '../../crds/v1alpha1/flow.ts'
import type { ContractIndex } from '../component/contract-index.ts'
import { boundDrafts, toFinding, type Draft } from '../finding/draft.ts'
import type { Finding, Path } from '../finding/finding.ts'
import type { BrokenManifest, Manifest, ParsedManifests } from '../manifest/manifest.ts'
import { componentRules, localComponentRules } from './component-rules.ts'
import { credentialRules } from './credential-rules.ts'
import { edgeRules, localEdgeRules } from './edge-rules.ts'
import { expressionRules, localExpressionRules } from './expression-rules.ts'
import { flowView, type FlowRule } from './flow-view.ts'
import { graphRules } from './graph-rules.ts'
import { knownObjects, type KnownObjects } from './known-objects.ts'
import { leavesGraph } from './leaves-graph.ts'
import { componentDrafts, credentialDrafts } from './object-rules.ts'
import { shapeRules } from './shape-rules.ts'
import { triggerRules } from './trigger-rules.ts'
import { webhookClashes } from './webhook-clashes.ts'

export interface LintOptions {
  readonly contracts: ContractIndex
  /** What is in none of the given files is an error, not a warning. */
  readonly strict: boolean
  /** Names of credentials that are given without a manifest. */
  readonly credentials?: Iterable<string>
  /** Names of components whose code is given beside their manifests. */
  readonly components?: Iterable<string>
}

/** What each step, edge, trigger and expression must be, taken by itself. */
const localRules: readonly FlowRule[] = [
  ...shapeRules,
  ...localEdgeRules,
  ...triggerRules,
  ...localExpressionRules,
  ...localComponentRules,
  ...credentialRules,
]

/** What takes the whole flow to judge. */
const wholeRules: readonly FlowRule[] = [...edgeRules, ...graphRules, ...expressionRules, ...componentRules]

/**
 * Everything that is wrong with the given objects beyond their form, all at once and in no order; what
 * `parseManifests` has found is not repeated.
 */
export function lintManifests(parsed: ParsedManifests, options: LintOptions): readonly Finding[] {
  const known = knownObjects(parsed, options.credentials ?? [])
  const { flows, components, clusterComponents, credentials } = parsed.manifests
  const lint: Lint = { known, options }
  const given = new Set(options.components)
  return [
    ...flows.flatMap((manifest) => flowFindings(manifest, [...localRules, ...wholeRules], lint)),
    ...[...components, ...clusterComponents].flatMap((manifest) =>
      findingsAt(componentDrafts(manifest.object, given), manifest, options),
    ),
    ...credentials.flatMap((manifest) => findingsAt(credentialDrafts(manifest.object, known), manifest, options)),
    ...parsed.broken.flatMap((broken) => brokenFindings(broken, lint)),
    ...webhookClashes([...flows, ...parsed.broken.flatMap(flowWithWebhooks)]),
  ]
}

interface Lint {
  readonly known: KnownObjects
  readonly options: LintOptions
}

function flowFindings(manifest: Manifest<Flow>, rules: readonly FlowRule[], lint: Lint): readonly Finding[] {
  return findingsAt(flowDrafts(manifest.object, rules, lint), manifest, lint.options)
}

function flowDrafts(flow: Flow, rules: readonly FlowRule[], { known, options }: Lint): readonly Draft[] {
  const view = flowView(flow, known, options.contracts)
  return rules.flatMap((rule) => rule(view))
}

function findingsAt(drafts: readonly Draft[], manifest: Manifest, { strict }: LintOptions): readonly Finding[] {
  return boundDrafts(drafts).map((draft) => toFinding(draft, manifest, strict))
}

/** Of an object with mistakes in its form what is left of it, without what only follows from them. */
function brokenFindings({ rest, mistakes }: BrokenManifest, lint: Lint): readonly Finding[] {
  if (rest === undefined) return []
  const { object } = rest
  const rules = mistakes.every(leavesGraph) ? [...localRules, ...wholeRules] : localRules
  const drafts = object.kind === 'Flow' ? flowDrafts(object, rules, lint) : []
  return findingsAt(
    drafts.filter(({ path }) => !followsFrom(path, mistakes)),
    rest,
    lint.options,
  )
}

/** A flow whose mistakes lie elsewhere than in its triggers, and that is no second one of its name. */
function flowWithWebhooks({ rest, mistakes }: BrokenManifest): readonly Manifest<Flow>[] {
  if (rest === undefined || mistakes.length === 0) return []
  const { object } = rest
  return object.kind === 'Flow' && !mistakes.some((path) => path[1] === 'triggers') ? [{ ...rest, object }] : []
}

/** A finding at, in or right around a mistake. */
function followsFrom(path: Path, mistakes: readonly Path[]): boolean {
  return mistakes.some((mistake) => isWithin(path, mistake) || isWithin(mistake.slice(0, -1), path))
}

function isWithin(path: Path, outer: Path): boolean {
  return outer.length <= path.length && outer.every((part, at) => part === path[at])
}
