import type { Condition } from '../../../crds/v1alpha1/condition.ts'

/** What somebody is to hear who watches. */
export interface ComponentEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
}

type Told = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

/** What has become wrong with a component or its pods, or that it is right again; undefined when that is known. */
export function componentEvent(before: readonly Told[], after: readonly Told[]): ComponentEvent | undefined {
  const [was, is] = [trueOne(before, 'Stalled'), trueOne(after, 'Stalled')]
  if (is !== undefined) {
    const isSaid = was?.reason === is.reason && was.message === is.message
    return isSaid ? undefined : { type: 'Warning', reason: is.reason, note: is.message }
  }
  const ready = trueOne(after, 'Ready')
  return was === undefined || ready === undefined
    ? undefined
    : { type: 'Normal', reason: ready.reason, note: ready.message }
}

function trueOne(conditions: readonly Told[], wanted: string): Told | undefined {
  return conditions.find(({ type, status }) => type === wanted && status === 'True')
}
