import { isJsonObject } from '../../crds/v1alpha1/meta.ts'
import type { KubeObject, ObjectMeta } from '../../kube/kube-object.ts'

/** The name under which our own changes are remembered by the server. */
export const ownManager = 'kubectl-weir'

interface Managed {
  readonly manager?: string
  readonly fieldsV1?: unknown
  readonly subresource?: string
}

/** Who, beside us, has set a field of the spec. */
export function ownersOf({ metadata }: KubeObject, field: string): readonly string[] {
  const entries = (metadata['managedFields'] ?? []) as readonly Managed[]
  const owners = entries.filter(({ subresource, fieldsV1 }) => subresource === undefined && has(fieldsV1, field))
  return [...new Set(owners.map(({ manager = '' }) => manager))].filter((manager) => manager !== ownManager)
}

function has(fields: unknown, field: string): boolean {
  const spec = isJsonObject(fields) ? fields['f:spec'] : undefined
  return isJsonObject(spec) && `f:${field}` in spec
}

/** Tools that set a field back to what their source says. */
const gitOpsManagers: Readonly<Record<string, string>> = {
  'argocd-controller': 'Argo CD',
  'argocd-application-controller': 'Argo CD',
  'kustomize-controller': 'Flux',
  'helm-controller': 'Flux',
  helm: 'Helm',
}

/**
 * What to say to somebody who changes a field that a GitOps tool has in its source; undefined when nobody will set it back.
 *
 * @param managers as `ownersOf` gives them
 */
export function gitOpsWarning(
  object: KubeObject,
  field: string,
  managers = ownersOf(object, field),
): string | undefined {
  const manager = managers.find((name) => name in gitOpsManagers)
  if (manager !== undefined)
    return `spec.${field} comes from ${gitOpsManagers[manager]} (${manager}), which will set it back: change it in its source too`
  const tool = gitOpsTool(object.metadata)
  if (tool === undefined || managers.length === 0) return undefined
  return `${tool} manages this object and may set spec.${field} back: change it in its source too`
}

function gitOpsTool({ labels = {}, annotations = {} }: ObjectMeta): string | undefined {
  if ('argocd.argoproj.io/tracking-id' in annotations || 'argocd.argoproj.io/instance' in labels) return 'Argo CD'
  if ('kustomize.toolkit.fluxcd.io/name' in labels || 'helm.toolkit.fluxcd.io/name' in labels) return 'Flux'
  if (labels['app.kubernetes.io/managed-by'] === 'Helm') return 'Helm'
  return undefined
}
