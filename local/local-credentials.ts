import type { Credential, Secret } from '../crds/v1alpha1/credential.ts'
import type { Manifests } from '../flow/manifest/manifest.ts'
import { secretValues } from '../runtime/secret-values.ts'
import type { CredentialSource, ResolvedCredential } from '../runtime/plan-source.ts'

/** Credentials that a local run knows, and what of them must not be shown. */
export interface LocalCredentials extends CredentialSource {
  /** The values themselves, of every credential and every given Secret. */
  readonly secrets: readonly string[]
}

/** Credentials from the given manifests and their Secrets; what `--credential` names wins, in every namespace. */
export function localCredentials(
  manifests: Pick<Manifests, 'credentials' | 'secrets'>,
  given: ReadonlyMap<string, Readonly<Record<string, string>>>,
): LocalCredentials {
  const secrets = new Map(manifests.secrets.map(({ object }) => [secretKey(object), secretFields(object)]))
  const types = new Map(manifests.credentials.map(({ object }) => [credentialKey(object), object.spec.type]))
  const resolved = new Map<string, ResolvedCredential>()
  for (const { object } of manifests.credentials) {
    const fields = secrets.get(`${object.metadata.namespace ?? 'default'}/${object.spec.secretRef.name}`)
    if (fields !== undefined)
      resolved.set(credentialKey(object), { type: object.spec.type, fields: renamed(object, fields) })
  }
  return {
    get: async (namespace, name) => {
      const key = `${namespace}/${name}`
      const fields = given.get(name)
      return fields === undefined ? resolved.get(key) : { type: types.get(key) ?? 'mixed', fields }
    },
    secrets: [...secrets.values(), ...given.values()].flatMap(secretValues),
  }
}

/** A Secret's data, decoded, by its keys. */
export function secretFields(secret: Secret): Readonly<Record<string, string>> {
  const decoded = Object.entries(secret.data ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, 'base64').toString()] as const,
  )
  return { ...Object.fromEntries(decoded), ...secret.stringData }
}

/** What tells Secrets apart. */
export function secretKey({ metadata }: Secret): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`
}

function credentialKey({ metadata }: Credential): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`
}

/** The Secret's fields under the names that the Credential gives them, with what is not secret beside an API key. */
function renamed({ spec }: Credential, secret: Readonly<Record<string, string>>): Record<string, string> {
  const keys = Object.entries(spec.secretRef.keys ?? {})
  const taken = new Set(keys.map(([, key]) => key))
  const kept = Object.entries(secret).filter(([key]) => !taken.has(key))
  const mapped = keys.flatMap(([field, key]) => (secret[key] === undefined ? [] : [[field, secret[key]] as const]))
  const beside = spec.type === 'apiKey' ? { ...spec.apiKey } : {}
  return { ...beside, ...Object.fromEntries(kept), ...Object.fromEntries(mapped) }
}
