import { UsageError } from '../usage-error.ts'
import type { KubeObject } from '../../kube/kube-object.ts'
import { conditionsOf, type Condition } from '../../kube/write/conditions.ts'

/** What is waited for. */
export type WaitFor =
  { readonly kind: 'condition'; readonly type: string; readonly status: string } | { readonly kind: 'delete' }

/** @throws {UsageError} when it is none of the forms */
export function parseWaitFor(text: string): WaitFor {
  if (text === 'delete') return { kind: 'delete' }
  const [, type, status = 'True'] = /^condition=([A-Za-z][\w./-]*)(?:=(\w+))?$/.exec(text) ?? []
  if (type !== undefined) return { kind: 'condition', type, status: capital(status) }
  if (/^[a-z]+$/i.test(text)) return { kind: 'condition', type: capital(text), status: 'True' }
  throw new UsageError('--for: give ready, a condition as condition=Ready or condition=Stalled=False, or delete')
}

export type WaitVerdict =
  | { readonly kind: 'met' }
  | { readonly kind: 'waiting'; readonly why: string }
  /** It will not come by waiting. */
  | { readonly kind: 'stalled'; readonly why: string }

/** Whether an object is as it is waited for. What was judged of an earlier generation says nothing. */
export function judgeWait(object: KubeObject | undefined, wanted: WaitFor): WaitVerdict {
  if (wanted.kind === 'delete')
    return object === undefined ? { kind: 'met' } : { kind: 'waiting', why: 'it is still there' }
  return object === undefined ? { kind: 'stalled', why: 'it was deleted' } : judgeCondition(object, wanted)
}

function judgeCondition(object: KubeObject, { type, status }: Extract<WaitFor, { kind: 'condition' }>): WaitVerdict {
  const conditions = conditionsOf(object)
  const found = conditions.find((condition) => condition.type === type)
  if (found === undefined) return { kind: 'waiting', why: `it has no condition ${type}: does the operator run?` }
  if (!isCurrent(object, found)) return { kind: 'waiting', why: 'the operator has not looked at the latest edit' }
  if (found.status === status) return { kind: 'met' }
  const isReadiness = type === 'Ready' && status === 'True'
  const stalled = conditions.find((condition) => condition.type === 'Stalled' && condition.status === 'True')
  if (isReadiness && stalled !== undefined && isCurrent(object, stalled)) return { kind: 'stalled', why: told(stalled) }
  return { kind: 'waiting', why: told(found) }
}

/** Of conditions that do not say which generation they judge, the status does. */
function isCurrent(object: KubeObject, { observedGeneration }: Condition): boolean {
  const status = (object['status'] ?? {}) as { readonly observedGeneration?: number }
  return (observedGeneration ?? status.observedGeneration ?? 0) >= (object.metadata.generation ?? 0)
}

function told({ type, status, reason, message }: Condition): string {
  return `${type} is ${status}: ${reason}${message === '' ? '' : `, ${message}`}`
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}
