import type { Resource } from '../../kube/kube-object.ts'
import type { PoolKind } from './decide/pool-objects.ts'

/** The kinds that a pool is made of, as paths name them; those that others need come first. */
export const poolResources: Readonly<Record<PoolKind, Resource>> = {
  ServiceAccount: inNamespaces('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  Role: inNamespaces('rbac.authorization.k8s.io', 'v1', 'Role', 'roles'),
  RoleBinding: inNamespaces('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings'),
  ConfigMap: inNamespaces('', 'v1', 'ConfigMap', 'configmaps'),
  NetworkPolicy: inNamespaces('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
  PodDisruptionBudget: inNamespaces('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  Deployment: inNamespaces('apps', 'v1', 'Deployment', 'deployments'),
}

export const pods = inNamespaces('', 'v1', 'Pod', 'pods')
export const autoscalers = inNamespaces('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers')
export const accessReviews: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  isNamespaced: false,
}

function inNamespaces(group: string, version: string, kind: string, plural: string): Resource {
  return { group, version, kind, plural, isNamespaced: true }
}
