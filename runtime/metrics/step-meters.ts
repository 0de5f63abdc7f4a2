import type { DeliveryPlace, RunnerObserver } from '../runner/runner-parts.ts'
import type { StepEvent } from '../store/store.ts'
import type { MessageHeaders } from '../wire/message.ts'
import type { BudgetMeters } from './budget-meters.ts'
import { budgetMeters } from './budget-meters.ts'

/** What has happened to the messages of one step, in plain numbers: counting costs a message next to nothing. */
export interface StepMeter {
  readonly labels: StepLabels
  received: number
  emitted: number
  retried: number
  dead: number
  discarded: number
  givenBack: number
  inFlight: number
  /** Deliveries by duration: one more than there are bounds, the last for what is above them all. */
  readonly durations: number[]
  durationSumMs: number
  /** When the runs of the messages under way began, in milliseconds since 1970, and how many of the messages are theirs. */
  readonly runStarts: Map<number, number>
}

export interface StepLabels {
  readonly namespace: string
  /** The flow's name. */
  readonly flow: string
  readonly step: string
}

export interface StepMeters {
  readonly all: () => Iterable<StepMeter>
  /** Under which the step is counted: its own, or those of the rest. */
  readonly labels: (labels: StepLabels) => StepLabels
  readonly budgets: BudgetMeters
  readonly observer: Required<
    Pick<RunnerObserver, 'onDeliveryBegin' | 'onDeliveryEnd' | 'onEvent' | 'onBudgetWait' | 'onBudgetUnknown'>
  >
}

/** Upper bounds of the duration's buckets in milliseconds. */
export const durationBoundsMs: readonly number[] = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 60_000, 300_000, 1_200_000,
]

const mostMeters = 10_000
const otherLabels: StepLabels = { namespace: '_other', flow: '_other', step: '_other' }

/** @param limit steps that are told apart; those that come after are counted together, under `_other` */
export function stepMeters(limit = mostMeters): StepMeters {
  const meters = new Map<string, StepMeter>()
  const byPlace = new WeakMap<DeliveryPlace, StepMeter>()
  const flowNames = new Map<string, string>()
  const budgets = budgetMeters()
  const other = emptyMeter(otherLabels)
  let hasOther = false
  const meterOf = (labels: StepLabels): StepMeter => {
    const known = meters.get(keyOf(labels))
    if (known !== undefined) return known
    if (meters.size >= limit) {
      hasOther = true
      return other
    }
    const meter = emptyMeter(labels)
    meters.set(keyOf(labels), meter)
    return meter
  }
  const meterAt = (place: DeliveryPlace): StepMeter => {
    const known = byPlace.get(place)
    if (known !== undefined) return known
    const { namespace, flow, step } = place
    const meter = meterOf({ namespace, flow, step })
    byPlace.set(place, meter)
    flowNames.set(place.uid, flow)
    return meter
  }
  return {
    labels: (labels) => (meters.has(keyOf(labels)) || meters.size < limit ? labels : otherLabels),
    all: () => (hasOther ? [...meters.values(), other] : meters.values()),
    budgets,
    observer: {
      ...budgets.observer,
      onDeliveryBegin: (place, headers) => begin(meterAt(place), headers),
      onDeliveryEnd: (place, headers, { settlement, durationMs }) => {
        const meter = meterAt(place)
        end(meter, headers)
        if (settlement.kind === 'ack') settled(meter, settlement.emitted, durationMs)
        else meter.givenBack += 1
      },
      // These also end messages behind the step that a delivery was for.
      onEvent: ({ kind, namespace, flow, step }) => {
        if (isEnd(kind)) meterOf({ namespace, flow: flowNames.get(flow) ?? flow, step })[kind] += 1
      },
    },
  }
}

function keyOf({ namespace, flow, step }: StepLabels): string {
  return `${namespace}\n${flow}\n${step}`
}

function emptyMeter(labels: StepLabels): StepMeter {
  return {
    labels,
    received: 0,
    emitted: 0,
    retried: 0,
    dead: 0,
    discarded: 0,
    givenBack: 0,
    inFlight: 0,
    durations: durationBoundsMs.map(() => 0).concat(0),
    durationSumMs: 0,
    runStarts: new Map(),
  }
}

function begin(meter: StepMeter, { runStartedAt }: MessageHeaders): void {
  meter.received += 1
  meter.inFlight += 1
  meter.runStarts.set(runStartedAt, (meter.runStarts.get(runStartedAt) ?? 0) + 1)
}

function end(meter: StepMeter, { runStartedAt }: MessageHeaders): void {
  meter.inFlight -= 1
  const left = (meter.runStarts.get(runStartedAt) ?? 1) - 1
  if (left === 0) meter.runStarts.delete(runStartedAt)
  else meter.runStarts.set(runStartedAt, left)
}

function settled(meter: StepMeter, emitted: number, durationMs: number): void {
  meter.emitted += emitted
  meter.durationSumMs += durationMs
  let bucket = 0
  while (bucket < durationBoundsMs.length && durationMs > (durationBoundsMs[bucket] ?? 0)) bucket += 1
  meter.durations[bucket] = (meter.durations[bucket] ?? 0) + 1
}

function isEnd(kind: StepEvent['kind']): kind is 'retried' | 'dead' | 'discarded' {
  return kind === 'retried' || kind === 'dead' || kind === 'discarded'
}
