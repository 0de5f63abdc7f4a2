import type { Edge, Step } from '../../crds/v1alpha1/step.ts'
import type { Draft } from '../finding/draft.ts'
import type { Path } from '../finding/finding.ts'
import { quoted, suggestion } from '../finding/suggest.ts'
import type { FlowRule } from './flow-view.ts'

const missingNext: FlowRule = ({ spec: { steps }, graph }) => {
  if (graph.isSequence) return []
  return steps.slice(0, -1).flatMap(({ name, next }, at) => {
    const message = `step ${quoted(name)} has no "next", and other steps have: write where its messages go, or "next: []" if they end here`
    return next === undefined ? [{ code: 'MissingNext', path: ['spec', 'steps', at], message }] : []
  })
}

const duplicateNames: FlowRule = ({ spec }) => [
  ...duplicatesAmong('step', spec.steps, ['spec', 'steps']),
  ...duplicatesAmong('trigger', spec.triggers, ['spec', 'triggers']),
]

function duplicatesAmong(what: string, named: readonly { readonly name: string }[], path: Path): Draft[] {
  const first = new Map<string, number>()
  return named.flatMap(({ name }, at) => {
    const before = first.get(name)
    if (before === undefined) {
      first.set(name, at)
      return []
    }
    const message = `${what} ${before + 1} of the list has the name ${quoted(name)}, too: rename one`
    return [{ code: 'DuplicateName', path: [...path, at, 'name'], message }]
  })
}

/** Where edges, handlers and triggers lead, and from where in the manifest. */
const unknownSteps: FlowRule = ({ spec, graph }) => {
  const known = new Set(graph.stepNames)
  const targets = [
    ...spec.triggers.map(({ to }, at) => ({ to, path: ['spec', 'triggers', at, 'to'] })),
    ...spec.steps.flatMap((step, at) => targetsOf(step, at)),
  ]
  return targets.flatMap(({ to, path }) => {
    if (to === undefined || known.has(to)) return []
    return [{ code: 'UnknownStep', path, message: `no step is named ${quoted(to)}${suggestion(to, graph.stepNames)}` }]
  })
}

function targetsOf(step: Step, at: number): { readonly to: string | undefined; readonly path: Path }[] {
  const edges = (step.next ?? []).map(({ to }, index) => ({ to, path: ['spec', 'steps', at, 'next', index, 'to'] }))
  return [...edges, { to: step.onError?.to, path: ['spec', 'steps', at, 'onError', 'to'] }]
}

const conditions: FlowRule = ({ spec }) =>
  spec.steps.flatMap((step, at) => conditionsOf(step.next ?? [], ['spec', 'steps', at, 'next']))

function conditionsOf(edges: readonly Edge[], path: Path): readonly Draft[] {
  if (edges.length === 0) return []
  return [...otherwiseOf(edges, path), ...twiceOf(edges, path)]
}

function otherwiseOf(edges: readonly Edge[], path: Path): readonly Draft[] {
  const others = edges.flatMap((edge, index) => (edge.otherwise === true ? [{ edge, index }] : []))
  const withWhen = others
    .filter(({ edge }) => edge.when !== undefined)
    .map(({ index }) => ({
      code: 'OtherwiseWithWhen' as const,
      path: [...path, index, 'otherwise'],
      key: true,
      message: 'an edge has either "when" or "otherwise": keep one',
    }))
  const twice = others.slice(1).map(({ index }) => ({
    code: 'OtherwiseTwice' as const,
    path: [...path, index, 'otherwise'],
    key: true,
    message: 'another edge of this step has "otherwise", too: keep one',
  }))
  const [first] = others
  const isAlone = first !== undefined && edges.every((edge) => edge.when === undefined)
  const alone: readonly Draft[] = isAlone
    ? [
        {
          code: 'OtherwiseAlone',
          path: [...path, first.index, 'otherwise'],
          key: true,
          message: 'no edge of this step has a "when", so this one is always taken: remove "otherwise" or add a "when"',
        },
      ]
    : []
  return [...withWhen, ...twice, ...alone]
}

function twiceOf(edges: readonly Edge[], path: Path): readonly Draft[] {
  const seen = new Set<string>()
  return edges.flatMap((edge, index) => {
    const key = JSON.stringify([edge.to, edge.when, edge.otherwise === true, edge.map])
    if (!seen.has(key)) {
      seen.add(key)
      return []
    }
    const message = `another edge leads to ${quoted(edge.to)} in the same way, so each message goes there twice: remove one`
    return [{ code: 'DuplicateEdge', path: [...path, index], message }]
  })
}

/** What edges must be, each step by itself. */
export const localEdgeRules: readonly FlowRule[] = [duplicateNames, conditions]

/** What edges must be among the steps of a whole flow. */
export const edgeRules: readonly FlowRule[] = [missingNext, unknownSteps]
