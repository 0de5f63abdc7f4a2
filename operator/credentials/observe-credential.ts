import type { CredentialSpec } from '../../crds/v1alpha1/credential.ts'
import { credentialFields, secretFields, type Fields } from '../../flow/credential/credential-fields.ts'
import { hasToken, isReserved, tokenSecretName } from '../../flow/credential/token-secret.ts'
import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import type { ClusterApp, ClusterCredential, CredentialParts } from './credential-parts.ts'
import type { AppSight, CredentialSight, SecretSight } from './decide/plan-grant.ts'
import type { TokenSecret } from './token-secret-writer.ts'
import { readTokenSecret, secretsResource } from './token-secret-writer.ts'

export interface ObservedCredential {
  readonly sight: CredentialSight
  /** Undefined of a type without tokens, and where it may not be read. */
  readonly token: TokenSecret | undefined
}

/**
 * All that a Credential stands on, read now, and followed from now on.
 *
 * @throws {KubeError} when the API server cannot be asked
 */
export async function observeCredential(
  parts: CredentialParts,
  credential: ClusterCredential,
): Promise<ObservedCredential> {
  const { client, secrets } = parts
  const { spec } = credential
  const { namespace = '', name } = credential.metadata
  const app = namedApp(parts, credential)
  const tokenSecrets = hasToken(spec.type) ? [tokenSecretName(credential)] : []
  const names = [spec.secretRef.name, ...clientSecretsOf(app), ...tokenSecrets]
  secrets.follow(
    ownerOf('credential', `${namespace}/${name}`),
    names.map((one) => `${namespace}/${one}`),
  )
  const secret = await readSecret(client, namespace, spec.secretRef.name)
  if (secret.kind !== 'found' || !hasToken(spec.type)) {
    const seen = secret.kind === 'found' ? renamed(spec, secret.fields) : secret
    return { sight: { spec, secret: seen, app: undefined, keptRefreshToken: undefined }, token: undefined }
  }
  const token = await readTokenSecret(client, credential)
  const keptRefreshToken = token.state.fields['refreshToken']
  const shown = await observeApp(parts, credential, app)
  return { sight: { spec, secret: renamed(spec, secret.fields), app: shown, keptRefreshToken }, token }
}

function renamed(spec: CredentialSpec, fields: Fields): SecretSight {
  return { kind: 'found', fields: credentialFields(spec, fields) }
}

/** Only one of its own namespace can be meant. */
function namedApp({ caches }: CredentialParts, { spec, metadata }: ClusterCredential): ClusterApp | undefined {
  return spec.app === undefined || !hasToken(spec.type)
    ? undefined
    : caches.apps.get(`${metadata.namespace}/${spec.app}`)
}

function clientSecretsOf(app: ClusterApp | undefined): readonly string[] {
  const name = app?.spec.oauth2?.client?.secretRef.name
  return name === undefined ? [] : [name]
}

async function observeApp(
  { client }: CredentialParts,
  { spec, metadata: { namespace = '' } }: ClusterCredential,
  app: ClusterApp | undefined,
): Promise<AppSight | undefined> {
  if (app === undefined) return spec.app === undefined ? undefined : { kind: 'absent' }
  const [secretName] = clientSecretsOf(app)
  const shared = secretName === undefined ? undefined : await readSecret(client, namespace, secretName)
  return { kind: 'found', oauth2: app.spec.oauth2, secretName: secretName ?? '', client: shared }
}

/** By its name, and of that namespace only. */
export async function readSecret(client: KubeClient, namespace: string, name: string): Promise<SecretSight> {
  const answer = await client.request<KubeObject>({ method: 'GET', path: pathOf(secretsResource, { namespace, name }) })
  if (answer.kind === 'done') {
    if (isReserved(answer.value)) return { kind: 'reserved' }
    return { kind: 'found', fields: secretFields({ data: (answer.value['data'] ?? {}) as Record<string, string> }) }
  }
  if (answer.failure.status === 404 && answer.failure.objectName === name) return { kind: 'absent' }
  if (answer.failure.status === 403) return { kind: 'denied' }
  throw answer.failure
}

/** For what follows Secrets. */
export function ownerOf(kind: 'credential' | 'app', key: string): string {
  return `${kind} ${key}`
}
