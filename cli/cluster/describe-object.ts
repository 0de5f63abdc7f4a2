import type { KubeObject } from '../../kube/kube-object.ts'
import { conditionsOf } from '../../kube/write/conditions.ts'
import { age } from '../age.ts'
import { described, table } from '../table.ts'

type Pair = readonly [name: string, value: string | undefined]

/** What every object has, for people: names, labels, then what the kind adds. */
export function headText({ metadata, kind = '' }: KubeObject, own: readonly Pair[], nowMs: number): string {
  const { name, namespace, labels = {}, creationTimestamp, deletionTimestamp, generation } = metadata
  return described([
    ['Kind', kind],
    ['Name', name],
    ['Namespace', namespace],
    [
      'Labels',
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ') || undefined,
    ],
    ['Age', since(creationTimestamp, nowMs)],
    ['Generation', generation === undefined ? undefined : String(generation)],
    ['Deletion', deletionTimestamp === undefined ? undefined : `asked for ${since(deletionTimestamp, nowMs)} ago`],
    ...own,
  ])
}

/** A heading, with a table or a remark under it. */
export function section(title: string, headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const body = rows.length === 0 ? 'none\n' : table(headings, rows)
  return `\n${title}:\n${body.replaceAll(/^(?=.)/gm, '  ')}`
}

export function conditionsText(object: KubeObject, nowMs: number): string {
  const rows = conditionsOf(object).map(({ type, status, reason, message, lastTransitionTime, observedGeneration }) => [
    type,
    status,
    reason,
    since(lastTransitionTime, nowMs) ?? '',
    isOld(object, observedGeneration) ? `(of an earlier edit) ${message}` : message,
  ])
  return section('Conditions', ['TYPE', 'STATUS', 'REASON', 'AGE', 'MESSAGE'], rows)
}

function isOld({ metadata: { generation = 0 } }: KubeObject, observed: number | undefined): boolean {
  return observed !== undefined && observed < generation
}

export function since(instant: string | undefined, nowMs: number): string | undefined {
  return instant === undefined ? undefined : age(nowMs - Date.parse(instant))
}
