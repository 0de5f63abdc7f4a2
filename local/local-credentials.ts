import type { Credential, Secret } from '../crds/v1alpha1/credential.ts'
import type { Manifests } from '../flow/manifest/manifest.ts'
import type { CredentialSource, ResolvedCredential } from '../runtime/plan-source.ts'

/** Credentials from the given manifests and their Secrets; what `--credential` names wins. */
export function localCredentials(
  manifests: Manifests,
  given: ReadonlyMap<string, Readonly<Record<string, string>>>,
): CredentialSource {
  const secrets = new Map(manifests.secrets.map(({ object }) => [keyOf(object), fieldsOf(object)]))
  const resolved = new Map<string, ResolvedCredential>()
  for (const { object } of manifests.credentials) {
    const secret = secrets.get(`${object.metadata.namespace ?? 'default'}/${object.spec.secretRef.name}`)
    if (secret !== undefined) resolved.set(keyOf(object), { type: object.spec.type, fields: renamed(object, secret) })
  }
  return {
    get: async (namespace, name) => {
      const fields = given.get(name)
      const manifest = resolved.get(`${namespace}/${name}`)
      return fields === undefined ? manifest : { type: manifest?.type ?? 'mixed', fields }
    },
  }
}

function keyOf({ metadata }: Credential | Secret): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`
}

function fieldsOf(secret: Secret): Record<string, string> {
  const decoded = Object.entries(secret.data ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString(),
  ])
  return { ...(Object.fromEntries(decoded) as Record<string, string>), ...secret.stringData }
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
