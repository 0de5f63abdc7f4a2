import { oneLine } from './one-line.ts'
import type { BuiltInPlanStep, ComponentPlanStep, PlanEdge, PlanOnError, PlanStep } from './plan.ts'

/** A step, its ways and its defaults; the first line is its name. */
export function describeStep(step: PlanStep): readonly string[] {
  const work = step.kind === 'component' ? componentLines(step) : builtInLines(step)
  const ways = step.next.length === 0 ? ['ends here'] : step.next.map(edgeText)
  return [`  ${step.name}`, ...[...work, ...ways, onErrorText(step.onError)].map((line) => `    ${line}`)]
}

function componentLines(step: ComponentPlanStep): readonly string[] {
  const { component, function: called, config, bind, credential, deduplicate } = step
  const values = [
    ...Object.entries(config).map(([key, value]) => `${oneLine(key)}: ${oneLine(JSON.stringify(value))}`),
    ...Object.entries(bind).map(([key, source]) => `${oneLine(key)} = ${oneLine(source)}`),
  ]
  return [
    `${component.kind}/${component.name} ${called.name} (${called.kind}), ${step.dialect}, isolation ${step.isolation}`,
    ...values.map((value) => `  ${value}`),
    ...(credential === undefined ? [] : [`credential ${credential}`]),
    `at most ${step.timeoutSeconds} s a call, ${step.concurrencyPerProcess} at a time in a process${step.ordered ? ', in order' : ''}`,
    ...(deduplicate === undefined
      ? []
      : [`once in ${deduplicate.windowSeconds} s for ${oneLine(deduplicate.key)}, unknown: ${deduplicate.onUnknown}`]),
  ]
}

function builtInLines(step: BuiltInPlanStep): readonly string[] {
  switch (step.kind) {
    case 'transform':
      return [`transform ${oneLine(step.transform)}`, ...labelled('metadata', step.transformMetadata)]
    case 'set':
      return ['set', ...fieldLines(step.set)]
    case 'respond':
      return [`respond ${oneLine(step.status ?? '200')}`, ...fieldLines(step.headers), ...labelled('body', step.body)]
    default:
      return [`${step.kind} ${oneLine(plainWork(step))}`]
  }
}

function plainWork(step: Exclude<BuiltInPlanStep, { readonly kind: 'transform' | 'set' | 'respond' }>): string {
  switch (step.kind) {
    case 'filter':
      return step.filter
    case 'split':
      return step.split
    case 'log':
      return step.log
    case 'wait':
      return step.until === undefined ? `${step.seconds} s` : `until ${step.until}`
    case 'fail':
      return `${step.code}: ${step.message}`
  }
}

function fieldLines(fields: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(fields).map(([name, source]) => `  ${oneLine(name)}: ${oneLine(source)}`)
}

function labelled(label: string, source: string | undefined): readonly string[] {
  return source === undefined ? [] : [`  ${label} ${oneLine(source)}`]
}

function edgeText(edge: PlanEdge): string {
  const conditions = edgeConditions(edge)
  return `→ ${edge.to}${conditions === '' ? '' : `   ${conditions}`}`
}

/** `when …, map …`; empty for an edge that is always taken as it is. */
export function edgeConditions({ when, otherwise, map }: Pick<PlanEdge, 'when' | 'otherwise' | 'map'>): string {
  const parts = [
    when === undefined ? '' : `when ${oneLine(when)}`,
    otherwise ? 'otherwise' : '',
    map === undefined ? '' : `map ${oneLine(map)}`,
  ]
  return parts.filter(Boolean).join(', ')
}

function onErrorText({ retry, then, to }: PlanOnError): string {
  const { maxAttempts, initialDelaySeconds, maxDelaySeconds, factor } = retry
  const end = to === undefined ? (then === 'discard' ? 'discard' : 'dead letter') : `→ ${to.step}`
  if (maxAttempts === 1) return `on error: 1 attempt, then ${end}`
  return `on error: ${maxAttempts} attempts, ${initialDelaySeconds} s up to ${maxDelaySeconds} s, factor ${factor}, then ${end}`
}
