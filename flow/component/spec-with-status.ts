import type { ComponentSpec, ComponentStatus } from '../../crds/v1alpha1/component.ts'
import { defined } from './defined.ts'

/** A component's spec, and what was found in its image where that says nothing. Inline source speaks for itself. */
export function specWithStatus(component: {
  readonly spec: ComponentSpec
  readonly status?: ComponentStatus | undefined
}): ComponentSpec {
  const { spec, status = {} } = component
  if (spec.source !== undefined) return spec
  const dialect = spec.dialect === undefined || spec.dialect === 'auto' ? status.dialect : spec.dialect
  const isolation = spec.isolation ?? status.isolation
  return { ...spec, ...defined({ dialect, isolation }), functions: spec.functions ?? status.functions ?? [] }
}
