import { isJsonObject } from '../v1alpha1/meta.ts'
import type { JsonSchema } from '../structural/json-schema.ts'
import type { KindSource } from './read-kinds.ts'

/** The CustomResourceDefinition of a kind; its status, where it has one, is a subresource. */
export function customResourceDefinition(source: KindSource, openAPIV3Schema: JsonSchema): JsonSchema {
  const { kind, apiVersion, resource, columns } = source
  const [group, version] = apiVersion.split('/')
  const hasStatus = isJsonObject(openAPIV3Schema['properties']) && 'status' in openAPIV3Schema['properties']
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource.plural}.${group}` },
    spec: {
      group,
      scope: resource.scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural: resource.plural,
        singular: kind.toLowerCase(),
        shortNames: resource.shortNames,
        categories: ['weir'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(hasStatus ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema },
        },
      ],
    },
  }
}
