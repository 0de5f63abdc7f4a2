import type { CredentialSpec, Secret } from '../../crds/v1alpha1/credential.ts'

export type Fields = Readonly<Record<string, string>>

/** A Secret's data, decoded, by its keys. */
export function secretFields({ data, stringData }: Pick<Secret, 'data' | 'stringData'>): Fields {
  const decoded = Object.entries(data ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, 'base64').toString()] as const,
  )
  return { ...Object.fromEntries(decoded), ...stringData }
}

/** The Secret's fields under the names that the Credential gives them, with what is not secret beside an API key. */
export function credentialFields(spec: CredentialSpec, secret: Fields): Fields {
  const keys = Object.entries(spec.secretRef.keys ?? {})
  const taken = new Set(keys.map(([, key]) => key))
  const kept = Object.entries(secret).filter(([key]) => !taken.has(key))
  const mapped = keys.flatMap(([field, key]) => (secret[key] === undefined ? [] : [[field, secret[key]] as const]))
  const beside = spec.type === 'apiKey' ? { ...spec.apiKey } : {}
  return { ...beside, ...Object.fromEntries(kept), ...Object.fromEntries(mapped) }
}
