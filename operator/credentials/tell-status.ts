import type { Clock } from '../../kube/clock.ts'
import { apiVersionOf, type Resource } from '../../kube/kube-object.ts'
import type { EventRecorder } from '../../kube/events/event-recorder.ts'
import { conditionsOf, toConditions } from '../../kube/write/conditions.ts'
import type { StatusWriter, WithStatus } from '../../kube/write/status-writer.ts'
import type { ConditionWords } from './decide/credential-status.ts'

/** Status for who looks, an Event for who watches. */
export interface StatusTeller<T extends WithStatus> {
  /** Returns at once; tells nobody what they know already. */
  readonly tell: (object: T, words: { readonly conditions: readonly ConditionWords[] }) => void
}

export interface StatusTellerParts {
  readonly writer: StatusWriter
  readonly events: EventRecorder
  readonly clock: Clock
  readonly resource: Resource
}

export function openStatusTeller<T extends WithStatus>({
  writer,
  events,
  clock,
  resource,
}: StatusTellerParts): StatusTeller<T> {
  return {
    tell: (object, words) => {
      const { generation, name, namespace, uid } = object.metadata
      const before = conditionsOf({ status: object.status })
      const observed = generation === undefined ? {} : { observedGeneration: generation }
      const conditions = toConditions(
        before,
        words.conditions.map((condition) => ({ ...condition, ...observed })),
        clock.now(),
      )
      writer.write(object, { ...words, ...observed, conditions })
      const ready = conditions.find(({ type }) => type === 'Ready')
      const last = before.find(({ type }) => type === 'Ready')
      if (ready === undefined || (last?.reason === ready.reason && last.status === ready.status)) return
      const regarding = {
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        name,
        ...(namespace !== undefined && { namespace }),
        ...(uid !== undefined && { uid }),
      }
      const type = ready.status === 'True' && ready.reason === 'Valid' ? 'Normal' : 'Warning'
      events.record({ regarding, type, reason: ready.reason, action: 'Checking', note: ready.message })
    },
  }
}
