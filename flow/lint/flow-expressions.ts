import type { FlowSpec } from '../../crds/v1alpha1/flow.ts'
import type { Step } from '../../crds/v1alpha1/step.ts'
import type { Trigger } from '../../crds/v1alpha1/trigger.ts'
import type { ParsedExpression } from '../expression/expression.ts'
import { parseExpression } from '../expression/parse-expression.ts'
import type { Path } from '../finding/finding.ts'
import { remembered } from './remembered.ts'

/** An expression of a flow, and where it is evaluated. */
export interface FlowExpression {
  /** From the manifest's root. */
  readonly path: Path
  readonly source: string
  readonly parsed: ParsedExpression
  /** The step that evaluates it; none for a trigger's. */
  readonly step?: string
  /** It sees the messages that leave the step, not those that come to it. */
  readonly isBehindStep: boolean
}

/** Every expression that stands in a flow, in its order. */
export function flowExpressions(spec: FlowSpec): readonly FlowExpression[] {
  const found = [
    ...spec.triggers.flatMap((trigger, at) => triggerExpressions(trigger, at)),
    ...spec.steps.flatMap((step, at) => stepExpressions(step, at)),
  ]
  return found.map((expression) => ({ ...expression, parsed: parsedOnce(expression.source) }))
}

/** Flows say the same things: `data.id`, `data.email != null`. Parsing is most of what lint does. */
const parsedOnce = remembered((source): ParsedExpression => parseExpression(source))

type Unparsed = Omit<FlowExpression, 'parsed'>

function triggerExpressions(trigger: Trigger, at: number): Unparsed[] {
  const source = trigger.webhook?.accepted?.body
  const path = ['spec', 'triggers', at, 'webhook', 'accepted', 'body']
  return source === undefined ? [] : [{ path, source, isBehindStep: false }]
}

function stepExpressions(step: Step, at: number): Unparsed[] {
  const base: Path = ['spec', 'steps', at]
  const own = [...plainFields(step), ...mapFields(step)].map(([path, source]) => ({
    path: [...base, ...path],
    source,
    step: step.name,
    isBehindStep: false,
  }))
  return [...own, ...edgeExpressions(step, base)]
}

type Field = readonly [Path, string]

function plainFields(step: Step): readonly Field[] {
  const fields: readonly (readonly [Path, string | undefined])[] = [
    [['transform'], step.transform],
    [['transformMetadata'], step.transformMetadata],
    [['filter'], step.filter],
    [['split'], step.split],
    [['log'], step.log],
    [['wait', 'until'], step.wait?.until],
    [['fail', 'message'], step.fail?.message],
    [['respond', 'status'], step.respond?.status],
    [['respond', 'body'], step.respond?.body],
    [['deduplicate', 'key'], step.deduplicate?.key],
  ]
  return fields.flatMap(([path, source]) => (source === undefined ? [] : [[path, source] as const]))
}

function mapFields(step: Step): readonly Field[] {
  return [
    ...entriesOf(['bind'], step.bind),
    ...entriesOf(['set'], step.set),
    ...entriesOf(['respond', 'headers'], step.respond?.headers),
  ]
}

function entriesOf(path: Path, map: Readonly<Record<string, string>> = {}): readonly Field[] {
  return Object.entries(map).map(([key, source]) => [[...path, key], source])
}

function edgeExpressions(step: Step, base: Path): Unparsed[] {
  return (step.next ?? []).flatMap((edge, index) =>
    (['when', 'map'] as const).flatMap((field) => {
      const source = edge[field]
      const path = [...base, 'next', index, field]
      return source === undefined ? [] : [{ path, source, step: step.name, isBehindStep: true }]
    }),
  )
}
