import type { EnvVar } from '../crds/v1alpha1/component.ts'
import type { Secret } from '../crds/v1alpha1/credential.ts'
import type { Json, JsonObject } from '../crds/v1alpha1/meta.ts'
import type { Manifest } from '../flow/manifest/manifest.ts'
import { secretFields } from '../flow/credential/credential-fields.ts'
import { secretKey } from './local-credentials.ts'

export interface ComponentEnv {
  readonly values: Readonly<Record<string, string>>
  /** Variables whose values come from where a local run cannot look: a ConfigMap, a field of the pod, a Secret that is not given. */
  readonly missing: readonly string[]
}

/** A component's variables: literal ones, and those of the given Secrets. */
export function componentEnv(
  variables: readonly EnvVar[],
  { secrets, namespace }: { readonly secrets: readonly Manifest<Secret>[]; readonly namespace: string },
): ComponentEnv {
  const fields = new Map(secrets.map(({ object }) => [secretKey(object), secretFields(object)]))
  const values: [string, string][] = []
  const missing: string[] = []
  for (const { name, value = '', valueFrom } of variables) {
    const found = valueFrom === undefined ? value : fromSecret(valueFrom, fields, namespace)
    if (found !== undefined) values.push([name, found])
    else if (valueFrom !== undefined && !isOptional(valueFrom)) missing.push(name)
  }
  return { values: Object.fromEntries(values), missing }
}

type SecretsByKey = ReadonlyMap<string, Readonly<Record<string, string>>>

function fromSecret(valueFrom: JsonObject, secrets: SecretsByKey, namespace: string): string | undefined {
  const { name, key } = objectOf(valueFrom['secretKeyRef']) ?? {}
  if (typeof name !== 'string' || typeof key !== 'string') return undefined
  return secrets.get(`${namespace}/${name}`)?.[key]
}

function isOptional(valueFrom: JsonObject): boolean {
  const reference = objectOf(valueFrom['secretKeyRef'] ?? valueFrom['configMapKeyRef'])
  return reference?.['optional'] === true
}

function objectOf(value: Json | undefined): JsonObject | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as JsonObject) : undefined // JSON, and no list
}
