import type { Logger } from 'pino'
import { secretFields } from '../../flow/credential/credential-fields.ts'
import { isOwnedBy, managedBy, tokenSecretName } from '../../flow/credential/token-secret.ts'
import { openBackoff } from '../../kube/backoff.ts'
import { pause, type Clock } from '../../kube/clock.ts'
import { pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow, type KubeError, type Outcome } from '../../kube/transport/kube-error.ts'
import type { ClusterCredential } from './credential-parts.ts'
import type { Claim, TokenState } from './decide/token-state.ts'
import { claimAnnotation, noToken, parseClaim, parseTokenState, tokenData } from './decide/token-state.ts'

export const secretsResource: Resource = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  isNamespaced: true,
}

/** The Secret with a Credential's token, as it was read; or that there is none yet. */
export interface TokenSecret {
  readonly credential: ClusterCredential
  readonly object: KubeObject | undefined
  readonly state: TokenState
  readonly claim: Claim | undefined
  /** Somebody made it who is not us. */
  readonly isForeign: boolean
}

/** @throws {KubeError} when it cannot be read */
export async function readTokenSecret(client: KubeClient, credential: ClusterCredential): Promise<TokenSecret> {
  const answer = await client.request<KubeObject>({ method: 'GET', path: pathTo(credential) })
  if (answer.kind === 'failed' && answer.failure.status === 404) return tokenSecretOf(credential, undefined)
  return tokenSecretOf(credential, orThrow(answer))
}

function tokenSecretOf(credential: ClusterCredential, object: KubeObject | undefined): TokenSecret {
  if (object === undefined) return { credential, object, state: noToken, claim: undefined, isForeign: false }
  const isForeign = !isOwnedBy(object, credential)
  return {
    credential,
    object,
    isForeign,
    state: isForeign
      ? noToken
      : parseTokenState(secretFields({ data: (object['data'] ?? {}) as Record<string, string> })),
    claim: parseClaim(object.metadata.annotations?.[claimAnnotation]),
  }
}

/**
 * Takes the turn: from the answer on nobody else calls, unless this one is taken for dead.
 *
 * @returns undefined when somebody else has written meanwhile
 * @throws {KubeError} when it cannot be known
 */
export async function claimTokenSecret(
  client: KubeClient,
  seen: TokenSecret,
  claim: Claim,
): Promise<TokenSecret | undefined> {
  const answer = await put(client, seen, { claim: JSON.stringify(claim), state: seen.state })
  if (answer.kind === 'failed' && isRace(answer.failure)) return undefined
  return tokenSecretOf(seen.credential, orThrow(answer))
}

export interface Saving {
  /** Not one that fences: what a server has given in exchange for a token is lost if it is not written, whoever leads by now. */
  readonly client: KubeClient
  readonly clock: Clock
  readonly log: Logger
  readonly claimed: TokenSecret
  readonly claim: Claim
  /** What to make of the state as it is then. */
  readonly change: (state: TokenState) => TokenState
  /** Ends the trying. */
  readonly signal: AbortSignal
}

const backoffPolicy = { firstMs: 250, factor: 2, longestMs: 10_000 }

/**
 * Writes what a call has given and gives the turn back, and does not rest before it is written. What somebody else has written meanwhile is seen by
 * `change`; their turn stays theirs.
 *
 * @returns undefined when it could not be written until the signal
 */
export async function saveTokenState({
  client,
  clock,
  log,
  claimed,
  claim,
  change,
  signal,
}: Saving): Promise<TokenState | undefined> {
  const backoff = openBackoff(backoffPolicy, Math.random)
  const { namespace, name } = claimed.credential.metadata
  for (let seen = claimed; ;) {
    const state = change(seen.state)
    const answer = await put(client, seen, { claim: othersClaim(seen, claim), state })
    if (answer.kind === 'done') return state
    const { failure } = answer
    if (isHopeless(failure) || signal.aborted) {
      log.error({ namespace, credential: name, code: failure.reason }, 'token could not be saved')
      return undefined
    }
    if (!isRace(failure)) await pause(clock, Math.max(100, backoff.nextMs(), failure.retryAfterMs ?? 0), signal)
    seen = (await readTokenSecret(client, claimed.credential).catch(() => undefined)) ?? seen
  }
}

function othersClaim({ claim }: TokenSecret, own: Claim): string | undefined {
  return claim === undefined || claim.by === own.by ? undefined : JSON.stringify(claim)
}

/** Somebody has written, or removed it, since it was read. */
function isRace({ status }: KubeError): boolean {
  return status === 409 || status === 404
}

function isHopeless({ kind, status }: KubeError): boolean {
  return kind === 'fenced' || status === 400 || status === 413 || status === 422
}

interface Content {
  /** Undefined takes it off. */
  readonly claim: string | undefined
  readonly state: TokenState
}

/** By its version: refused when somebody has written since it was read. */
function put(client: KubeClient, seen: TokenSecret, { claim, state }: Content): Promise<Outcome<KubeObject>> {
  const { object, credential } = seen
  const { [claimAnnotation]: _, ...annotations } = object?.metadata.annotations ?? {}
  const metadata = {
    ...(object === undefined ? newMetadata(credential) : object.metadata),
    annotations: claim === undefined ? annotations : { ...annotations, [claimAnnotation]: claim },
  }
  const rest = object ?? { apiVersion: 'v1', kind: 'Secret', type: 'weir.dev/token' }
  const body = { ...rest, metadata, data: tokenData(state) }
  const { namespace } = credential.metadata
  return object === undefined
    ? client.request<KubeObject>({ method: 'POST', path: pathOf(secretsResource, { namespace }), body })
    : client.request<KubeObject>({ method: 'PUT', path: pathTo(credential), body })
}

function newMetadata(credential: ClusterCredential): KubeObject['metadata'] {
  const { name, namespace = '', uid = '' } = credential.metadata
  return {
    name: tokenSecretName(credential),
    namespace,
    labels: { ...managedBy, 'weir.dev/kind': 'credential-token' },
    ownerReferences: [{ apiVersion: 'weir.dev/v1alpha1', kind: 'Credential', name, uid, controller: true }],
  }
}

function pathTo(credential: ClusterCredential): string {
  return pathOf(secretsResource, { namespace: credential.metadata.namespace, name: tokenSecretName(credential) })
}
