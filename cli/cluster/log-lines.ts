import { parseQueueName } from '../../flow/plan/queue-name.ts'

/** Which lines are wanted. */
export interface LogFilter {
  /** Name and uid: lines say either. */
  readonly flow?: { readonly name: string; readonly uid: string } | undefined
  readonly step?: string | undefined
  readonly run?: string | undefined
}

/** A line with the instant that the kubelet put in front of it. */
export interface TimedLine {
  /** RFC 3339 with nanoseconds, as it came: it sorts as it is. Empty where there is none. */
  readonly at: string
  readonly text: string
}

export function timedLine(line: string): TimedLine {
  const space = line.indexOf(' ')
  const at = space === -1 ? '' : line.slice(0, space)
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(at) ? { at, text: line.slice(space + 1) } : { at: '', text: line }
}

/** Whether a line is about what is wanted. One that names no flow is about the pod: it is left out as soon as a step or a run is wanted. */
export function isWanted(text: string, { flow, step, run }: LogFilter): boolean {
  const about = placeIn(text)
  if (flow !== undefined && about.flow !== undefined && ![flow.name, flow.uid].includes(about.flow)) return false
  return (step === undefined || about.step === step) && (run === undefined || about.run === run)
}

interface Place {
  readonly flow?: string | undefined
  readonly step?: string | undefined
  readonly run?: string | undefined
}

/** The name of a queue says flow and step, too. */
function placeIn(text: string): Place {
  const record = recordIn(text)
  const textOf = (key: string): string | undefined => (typeof record[key] === 'string' ? record[key] : undefined)
  const queue = parseQueueName(textOf('queue') ?? '')
  return { flow: textOf('flow') ?? queue?.flowUid, step: textOf('step') ?? queue?.step, run: textOf('run') }
}

/** Lines of several pods in the order of their instants; those of one pod stay as they came. */
export function merged(pods: readonly (readonly PodLine[])[]): readonly PodLine[] {
  // A line without an instant stands where the one before it does.
  const stamped = pods.flatMap((lines) => {
    let last = ''
    return lines.map((line) => ({ line, at: (last = line.at === '' ? last : line.at) }))
  })
  return stamped.toSorted((left, right) => compare(left.at, right.at)).map(({ line }) => line)
}

export interface PodLine extends TimedLine {
  readonly pod: string
}

/** The fractions have any number of digits. */
function compare(left: string, right: string): number {
  const [leftSeconds, leftRest] = parts(left)
  const [rightSeconds, rightRest] = parts(right)
  return leftSeconds === rightSeconds ? order(leftRest, rightRest) : order(leftSeconds, rightSeconds)
}

function parts(at: string): readonly [string, string] {
  const [seconds = '', rest = ''] = at.replace(/Z$/, '').split('.')
  return [seconds, rest.padEnd(9, '0')]
}

function order(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

function recordIn(text: string): Readonly<Record<string, unknown>> {
  if (!text.startsWith('{')) return {}
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}
