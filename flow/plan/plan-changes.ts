import { canonicalJson } from './canonical-json.ts'
import type { Plan } from './plan.ts'
import { planMeaning } from './plan-hash.ts'

/** What an edit does to a flow's plan. */
export interface PlanChanges {
  readonly triggers: readonly Change[]
  readonly steps: readonly Change[]
  readonly queues: readonly QueueChange[]
  /** What belongs to the whole flow: `pending`, `labels`. */
  readonly settings: readonly string[]
}

export interface Change {
  readonly kind: 'added' | 'removed' | 'changed'
  readonly name: string
  /** The fields that are not the same, sorted; only of what changed. */
  readonly fields: readonly string[]
}

export interface QueueChange {
  /** `retired`: no new message goes there; it is deleted when it is empty and no kept plan has it. */
  readonly kind: 'kept' | 'new' | 'retired'
  readonly queue: string
  /** The stage's name. */
  readonly step: string
}

/** What differs between two plans of a flow; without a plan before, all is added. */
export function planChanges(before: Plan | undefined, after: Plan): PlanChanges {
  const old = before === undefined ? { triggers: {}, steps: {} } : planMeaning(before)
  const now = planMeaning(after)
  return {
    triggers: changesOf(old.triggers, now.triggers),
    steps: changesOf(old.steps, now.steps),
    queues: queueChanges(before, after),
    settings: before === undefined ? [] : differing(settingsOf(old), settingsOf(now)),
  }
}

/** The changes in words, a line each; none when the plans do the same. */
export function describeChanges({ triggers, steps, queues, settings }: PlanChanges): readonly string[] {
  return [
    ...settings.map((name) => `flow: ${name} changed`),
    ...triggers.map((change) => inWords('trigger', change)),
    ...steps.map((change) => inWords('step', change)),
    ...queues.flatMap(({ kind, queue, step }) => (kind === 'kept' ? [] : [`queue of ${step}: ${kind} (${queue})`])),
  ]
}

type Meaning = Readonly<Record<string, unknown>>

function changesOf(
  before: Readonly<Record<string, Meaning>>,
  after: Readonly<Record<string, Meaning>>,
): readonly Change[] {
  const old = new Map(Object.entries(before))
  const now = new Map(Object.entries(after))
  const names = [...now.keys(), ...[...old.keys()].filter((name) => !now.has(name))]
  return names.flatMap((name) => changeOf(name, old.get(name), now.get(name)))
}

function changeOf(name: string, before: Meaning | undefined, after: Meaning | undefined): readonly Change[] {
  if (before === undefined) return [{ kind: 'added', name, fields: [] }]
  if (after === undefined) return [{ kind: 'removed', name, fields: [] }]
  const fields = differing(before, after)
  return fields.length === 0 ? [] : [{ kind: 'changed', name, fields }]
}

function differing(before: Meaning, after: Meaning): readonly string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].filter((key) => canonicalJson(before[key]) !== canonicalJson(after[key])).sort()
}

function settingsOf(meaning: { readonly pending?: string; readonly labels?: unknown }): Meaning {
  return { pending: meaning.pending, labels: meaning.labels }
}

function queueChanges(before: Plan | undefined, after: Plan): readonly QueueChange[] {
  const old = new Map((before?.stages ?? []).map(({ queue, name }) => [queue, name]))
  const now = after.stages.map(({ queue, name }): QueueChange => ({
    kind: old.has(queue) ? 'kept' : 'new',
    queue,
    step: name,
  }))
  const kept = new Set(now.map(({ queue }) => queue))
  const retired = [...old].filter(([queue]) => !kept.has(queue))
  return [...now, ...retired.map(([queue, step]): QueueChange => ({ kind: 'retired', queue, step }))]
}

function inWords(what: string, { kind, name, fields }: Change): string {
  return `${what} ${name}: ${kind}${fields.length === 0 ? '' : ` (${fields.join(', ')})`}`
}
