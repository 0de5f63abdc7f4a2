import { resources } from '../../crds/resources.ts'
import type { ComponentStatus } from '../../crds/v1alpha1/component.ts'
import type { EventRecorder } from '../../kube/events/event-recorder.ts'
import { apiVersionOf } from '../../kube/kube-object.ts'
import { componentEvent } from './decide/component-events.ts'
import type { AnyComponent } from './inspections.ts'

/** Events of what has become wrong with a component or its pods, and that it is right again. */
export function tellComponent(
  events: EventRecorder,
  kind: 'Component' | 'ClusterComponent',
  { component, after }: { readonly component: AnyComponent; readonly after: ComponentStatus['conditions'] },
): void {
  const event = componentEvent(component.status?.conditions ?? [], after ?? [])
  if (event === undefined) return
  events.record({ ...event, regarding: referenceTo(kind, component), action: 'Reconciling' })
}

function referenceTo(kind: 'Component' | 'ClusterComponent', { metadata }: AnyComponent) {
  const { name, namespace, uid, resourceVersion } = metadata
  const apiVersion = apiVersionOf(kind === 'Component' ? resources.components : resources.clusterComponents)
  return {
    apiVersion,
    kind,
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  }
}
