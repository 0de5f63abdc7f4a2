import type { Step } from '../crds/v1alpha1/step.ts'
import { componentOf } from '../flow/component/contract-index.ts'
import type { Finding, Path } from '../flow/finding/finding.ts'
import { formatPath } from '../flow/finding/finding.ts'
import { componentEnv } from './component-env.ts'
import type { Project } from './load-project.ts'
import type { LocalComponent } from './local-components.ts'
import { hasCode } from './local-components.ts'
import { localFinding } from './local-finding.ts'

/** What keeps steps from being planned: components that are declared, but nothing tells their functions. */
export function plannableFindings({ parsed, components }: Project): readonly Finding[] {
  return parsed.manifests.flows.flatMap((flow) =>
    flow.object.spec.steps.flatMap((step, at) => {
      const component = declaredComponent(flow, step, components.find)
      // What could not be read in a directory is a finding already.
      const isKnown = component?.contract !== undefined || component?.directory !== undefined
      return component === undefined || isKnown ? [] : [withoutCode(flow, at, component)]
    }),
  )
}

/** What keeps steps from running here though they can be planned: an image does not run here, and variables may come from elsewhere. */
export function runnableFindings({ parsed, components }: Project): readonly Finding[] {
  const { flows, secrets } = parsed.manifests
  return flows.flatMap((flow) =>
    flow.object.spec.steps.flatMap((step, at): Finding[] => {
      const component = declaredComponent(flow, step, components.find)
      if (component === undefined) return []
      if (!hasCode(component)) return [withoutCode(flow, at, component)]
      const namespace = flow.object.metadata.namespace ?? 'default'
      const { missing } = componentEnv(component.spec.env ?? [], { secrets, namespace })
      return missing.map((name) => withoutValue(flow, at, { component, name }))
    }),
  )
}

type FlowManifest = Project['parsed']['manifests']['flows'][number]

function declaredComponent(
  flow: FlowManifest,
  step: Step,
  find: Project['components']['find'],
): LocalComponent | undefined {
  const reference = componentOf(step)
  return reference && find(reference, flow.object.metadata.namespace ?? 'default')
}

function withoutCode(flow: FlowManifest, step: number, { name, kind }: LocalComponent): Finding {
  const message = `the ${kind} "${name}" has an image, which does not run here: give its code with --component ${name}=DIR`
  const field = kind === 'Component' ? 'component' : 'clusterComponent'
  return localFinding('ComponentCodeMissing', message, placeOf(flow, ['spec', 'steps', step, field]))
}

function withoutValue(
  flow: FlowManifest,
  step: number,
  { component, name }: { readonly component: LocalComponent; readonly name: string },
): Finding {
  const message = `the component "${component.name}" has a variable ${name} whose value is in none of the given Secrets: it is not set here`
  return localFinding('EnvNotGiven', message, placeOf(flow, ['spec', 'steps', step]))
}

function placeOf(
  { file, positionOf }: FlowManifest,
  path: Path,
): Pick<Finding, 'file' | 'line' | 'column'> & { readonly path: string } {
  return { file, ...positionOf(path), path: formatPath(path) }
}
