/** What the pods of a flow count at one moment, by step. */
export interface StepLoads {
  /** Messages that wait in the step's queue. */
  readonly ready: ReadonlyMap<string, number>
  /** Deliveries since each pod began, all pods together. */
  readonly received: ReadonlyMap<string, number>
}

export interface StepLoad {
  readonly ready: number | undefined
  /** Deliveries in a second. */
  readonly perSecond: number | undefined
}

const readyName = 'weir_queue_messages_ready'
const form = /^(weir_queue_messages_ready|weir_messages_received_total)\{([^}]*)\} (\S+)/

interface FlowNames {
  readonly namespace: string
  readonly name: string
}

/** Of the Prometheus pages of the pods: every one that consumes a queue sees the same backlog, and counts its own deliveries. */
export function stepLoads(pages: readonly string[], flow: FlowNames): StepLoads {
  const samples = pages.flatMap((page) => page.split('\n')).flatMap((line) => sampleOf(line, flow))
  const ready = new Map<string, number>()
  const received = new Map<string, number>()
  for (const { name, step, value } of samples) {
    if (name === readyName) ready.set(step, Math.max(ready.get(step) ?? 0, value))
    else received.set(step, (received.get(step) ?? 0) + value)
  }
  return { ready, received }
}

interface Sample {
  readonly name: string
  readonly step: string
  readonly value: number
}

function sampleOf(line: string, flow: FlowNames): Sample[] {
  const [, name, labels = '', value] = form.exec(line) ?? []
  if (name === undefined) return []
  const of = labelsIn(labels)
  if (of['flow'] !== flow.name || of['namespace'] !== flow.namespace) return []
  return [{ name, step: of['step'] ?? '', value: Number(value) }]
}

/** What happened between two moments. A pod that went or was started again makes a count smaller: then nothing is known. */
export function loadBetween(before: StepLoads, after: StepLoads, seconds: number): (step: string) => StepLoad {
  return (step) => {
    const [first, last] = [before.received.get(step) ?? 0, after.received.get(step)]
    const isKnown = last !== undefined && last >= first && seconds > 0
    return { ready: after.ready.get(step), perSecond: isKnown ? (last - first) / seconds : undefined }
  }
}

function labelsIn(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]),
  )
}
