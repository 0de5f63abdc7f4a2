import type { Step } from '../../crds/v1alpha1/step.ts'
import type { Draft } from '../finding/draft.ts'
import type { Path } from '../finding/finding.ts'
import { listed, quoted } from '../finding/suggest.ts'
import type { FlowRule, FlowView } from './flow-view.ts'
import { builtInKinds, isBuiltIn, stepKindsOf } from './step-kinds.ts'

type StepRule = (step: Step, path: Path) => readonly Draft[]

function forEachStep(rule: StepRule): FlowRule {
  return ({ spec }: FlowView) => spec.steps.flatMap((step, at) => rule(step, ['spec', 'steps', at]))
}

const stepKind = forEachStep((step, path) => {
  const kinds = stepKindsOf(step)
  if (kinds.length === 1) return []
  const name = quoted(step.name)
  if (kinds.length === 0) {
    const message = `step ${name} does nothing: write a component and its function, or one of ${listed(builtInKinds)}`
    return [{ code: 'StepKind', path, message }]
  }
  const message = `step ${name} is several things at once, ${listed(kinds)}: make a step of each`
  return [{ code: 'StepKind', path: [...path, String(kinds[1])], key: true, message }]
})

const componentFields = [
  'function',
  'config',
  'bind',
  'credential',
  'timeoutSeconds',
  'concurrencyPerProcess',
  'order',
  'deduplicate',
  'dedicated',
] as const

const fieldsOfBuiltIn = forEachStep((step, path) => {
  if (!isBuiltIn(step)) return []
  const [kind] = stepKindsOf(step)
  return componentFields
    .filter((field) => step[field] !== undefined)
    .map((field) => ({
      code: 'FieldNotForBuiltIn',
      path: [...path, field],
      key: true,
      message: `"${field}" is for steps that run a component, and ${quoted(step.name)} is a ${kind}: remove it`,
    }))
})

const retryOfBuiltIn = forEachStep((step, path) => {
  const retry = step.onError?.retry
  if (retry === undefined || retry.maxAttempts === 1 || !isBuiltIn(step)) return []
  const message = `${quoted(step.name)} is built in and would fail again in the same way: remove "retry"`
  return [{ code: 'RetryOnBuiltIn', path: [...path, 'onError', 'retry'], key: true, message }]
})

const missingFunction = forEachStep((step, path) => {
  const component = step.component ?? step.clusterComponent
  if (component === undefined || stepKindsOf(step).length !== 1 || step.function !== undefined) return []
  const message = `step ${quoted(step.name)} does not say which function of ${quoted(component)} it runs: write "function"`
  return [{ code: 'MissingFunction', path, message }]
})

const metadataAlone = forEachStep((step, path) => {
  if (step.transformMetadata === undefined || step.transform !== undefined) return []
  const message = '"transformMetadata" stands beside a "transform": add "transform: data" to leave the data as they are'
  return [{ code: 'MetadataWithoutTransform', path: [...path, 'transformMetadata'], key: true, message }]
})

const waitKind = forEachStep(({ wait }, path) => {
  if (wait === undefined || (wait.seconds === undefined) !== (wait.until === undefined)) return []
  const message =
    wait.seconds === undefined
      ? 'a wait needs "seconds" or "until"'
      : 'a wait has either "seconds" or "until": keep one'
  return [{ code: 'WaitKind', path: [...path, 'wait'], key: true, message }]
})

const thenAndTo = forEachStep(({ onError }, path) => {
  if (onError?.then === undefined || onError.to === undefined) return []
  const message = '"onError" has both "then" and "to": "to" sends the message to a step, "then" ends it; keep one'
  return [{ code: 'OnErrorThenAndTo', path: [...path, 'onError', 'then'], key: true, message }]
})

/** A delay that is left out makes way for the one that is written. */
const retryContradiction = forEachStep(({ onError }, path) => {
  const { initialDelaySeconds: first, maxDelaySeconds: most } = onError?.retry ?? {}
  if (first === undefined || most === undefined || first <= most) return []
  const message = `the first delay (${first} s) is longer than the longest (${most} s): raise "maxDelaySeconds" or lower "initialDelaySeconds"`
  return [{ code: 'RetryContradiction', path: [...path, 'onError', 'retry', 'initialDelaySeconds'], message }]
})

/** What a step must be, taken by itself. */
export const shapeRules: readonly FlowRule[] = [
  stepKind,
  fieldsOfBuiltIn,
  retryOfBuiltIn,
  missingFunction,
  metadataAlone,
  waitKind,
  thenAndTo,
  retryContradiction,
]
