import { resources } from '../../crds/resources.ts'
import type { CredentialSpec, CredentialStatus, Secret } from '../../crds/v1alpha1/credential.ts'
import {
  fieldsInUse,
  hasToken,
  isOwnedBy,
  isReserved,
  secretsOfCredential,
  tokenSecretName,
} from '../../flow/credential/token-secret.ts'
import type { Sight } from '../../kube/cache/follow-object.ts'
import { openNamedObjects, type NamedObjects } from '../../kube/cache/named-objects.ts'
import { slim } from '../../kube/cache/projection.ts'
import { systemClock, type Clock } from '../../kube/clock.ts'
import type { KubeObject, Resource } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { TransientError } from '../error.ts'
import type { CredentialSource, ResolvedCredential } from '../plan-source.ts'

export interface KubernetesCredentialsParts {
  /** May get, list and watch the Credentials and Secrets that steps name, each by its name. */
  readonly client: KubeClient
  /** The only one of which credentials are given; all without it. */
  readonly namespace?: string | undefined
  readonly clock?: Clock
  /** A credential that nobody has asked for so long is followed no longer; 15 minutes by default. */
  readonly idleMs?: number
  /** Between two looks at what is not watched; 30 s by default. */
  readonly pollMs?: number
  /** Of Credentials, and of Secrets; 16 and 34 by default. */
  readonly watches?: { readonly credentials: number; readonly secrets: number }
}

export interface KubernetesCredentials extends CredentialSource {
  readonly close: () => Promise<void>
}

type Found = KubeObject & { readonly spec: CredentialSpec; readonly status?: CredentialStatus }

const secretKind: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }
const plainName = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/
const defaultWatches = { credentials: 16, secrets: 34 }

/**
 * Credentials of a cluster. Only those that are asked for are read, and of Secrets only what they name, by name and in their own namespace.
 *
 * What was read is followed, so that the next call gets what has changed a moment ago. While the API server cannot be reached the last that was seen
 * counts; what it refuses does not.
 */
export function openKubernetesCredentials(parts: KubernetesCredentialsParts): KubernetesCredentials {
  const { client, namespace: only, clock = systemClock, idleMs = 900_000, pollMs = 30_000 } = parts
  const watches = parts.watches ?? defaultWatches
  const shared = { client, clock, pollMs, project: slim }
  const credentials = openNamedObjects({ ...shared, resource: resources.credentials, watches: watches.credentials })
  const secrets = openNamedObjects({ ...shared, resource: secretKind, watches: watches.secrets })
  const idle = openIdle(clock, idleMs, (key) => {
    credentials.follow(key, [])
    secrets.follow(key, [])
  })
  const look = openLook({ clock, credentials, secrets })
  return {
    get: async (namespace, name, { isFresh = false } = {}) => {
      const isNamed = plainName.test(name) && plainName.test(namespace)
      // Whatever a plan says: a name that is none leads nowhere, and of another namespace there is nothing here.
      if (!isNamed || (only !== undefined && namespace !== only)) return undefined
      const key = `${namespace}/${name}`
      idle.touch(key)
      return look(key, isFresh)
    },
    close: async () => {
      idle.close()
      await Promise.all([credentials.close(), secrets.close()])
    },
  }
}

interface LookParts {
  readonly clock: Clock
  readonly credentials: NamedObjects<KubeObject>
  readonly secrets: NamedObjects<KubeObject>
}

/** What is read anew for one call is new enough for the others of a moment. */
const freshMs = 5_000

function openLook({ clock, credentials, secrets }: LookParts) {
  const reread = new Map<string, number>()
  const isOld = (key: string): boolean => {
    if (clock.elapsed() - (reread.get(key) ?? Number.NEGATIVE_INFINITY) < freshMs) return false
    if (reread.size > 1_000) reread.clear()
    reread.set(key, clock.elapsed())
    return true
  }
  const read = (objects: NamedObjects<KubeObject>, key: string, isFresh: boolean): Promise<Sight<KubeObject>> =>
    isFresh ? objects.reread(key) : objects.read(key)
  const resolve = async (key: string, isFresh: boolean): Promise<ResolvedCredential | undefined> => {
    const [namespace = '', name = ''] = key.split('/')
    credentials.follow(key, [key])
    const credential = shown(await read(credentials, key, isFresh), `Credential "${name}"`) as Found | undefined
    if (credential === undefined) return undefined
    const names = secretsOfCredential(credential)
    secrets.follow(
      key,
      names.map((one) => `${namespace}/${one}`),
    )
    const [secret, token] = await Promise.all(names.map((one) => read(secrets, `${namespace}/${one}`, isFresh)))
    return resolved(credential, { secret, token, now: clock.now() })
  }
  return async (key: string, isFresh: boolean): Promise<ResolvedCredential | undefined> => {
    try {
      return await resolve(key, isFresh && isOld(key))
    } catch (error) {
      // What is not watched may have been renewed since it was looked at.
      if (error instanceof TransientError && renewable.has(error.code) && isOld(key)) return resolve(key, true)
      throw error
    }
  }
}

const renewable = new Set(['CredentialExpired', 'CredentialPending'])

interface Seen {
  readonly secret: Sight<KubeObject> | undefined
  readonly token: Sight<KubeObject> | undefined
  readonly now: number
}

function resolved(credential: Found, { secret, token, now }: Seen): ResolvedCredential {
  const { name } = credential.metadata
  const { type, secretRef } = credential.spec
  const given = shown(secret, `Secret "${secretRef.name}"`)
  if (given === undefined) throw unready('SecretNotFound', name, `there is no Secret "${secretRef.name}"`)
  if (isReserved(given)) throw unready('SecretReserved', name, `Secret "${secretRef.name}" belongs to Weir itself`)
  const own = ownToken(credential, token)
  const use = fieldsInUse(credential, dataOf(given), own && dataOf(own))
  if (use.kind === 'noToken') throw unready('CredentialPending', name, 'there is no token yet')
  if (use.expiresAt !== undefined && use.expiresAt <= now) {
    const at = new Date(use.expiresAt).toISOString()
    throw unready('CredentialExpired', name, `it has expired at ${at}`)
  }
  return { type, fields: use.fields, ...budgetOf(credential) }
}

/** The operator has looked the App up. */
function budgetOf({ spec, status }: Found): Pick<ResolvedCredential, 'rateBudget'> {
  const rateBudget = spec.app === undefined ? undefined : status?.rateBudget
  return rateBudget === undefined ? {} : { rateBudget }
}

function ownToken(credential: Found, token: Seen['token']): KubeObject | undefined {
  if (!hasToken(credential.spec.type)) return undefined
  const kept = shown(token, `Secret "${tokenSecretName(credential)}"`)
  return kept !== undefined && isOwnedBy(kept, credential) ? kept : undefined
}

function unready(code: string, name: string, why: string): TransientError {
  return new TransientError(code, `credential "${name}" cannot be used: ${why}; its status tells more`)
}

function dataOf(object: KubeObject): Pick<Secret, 'data'> {
  return object as Pick<Secret, 'data'>
}

/** Undefined when there is none for certain. */
function shown(sight: Sight<KubeObject> | undefined, what: string): KubeObject | undefined {
  if (sight === undefined || sight.kind === 'absent') return undefined
  if (sight.kind === 'found') return sight.object
  const cause = sight.failure === undefined ? {} : { cause: sight.failure }
  if (sight.kind === 'refused')
    throw new TransientError('CredentialAccessDenied', `${what} may not be read here`, cause)
  throw new TransientError('CredentialUnreadable', `${what} cannot be read now`, cause)
}

interface Idle {
  readonly touch: (key: string) => void
  readonly close: () => void
}

/** Tells of keys that were not touched for so long, or a little longer. */
function openIdle(clock: Clock, idleMs: number, onIdle: (key: string) => void): Idle {
  const touched = new Map<string, number>()
  let cancel = (): void => {}
  const arm = (): void => {
    cancel = clock.setTimer(idleMs / 4, () => {
      for (const [key, at] of touched) {
        if (clock.elapsed() - at < idleMs) continue
        touched.delete(key)
        onIdle(key)
      }
      arm()
    })
  }
  arm()
  return { touch: (key) => void touched.set(key, clock.elapsed()), close: () => cancel() }
}
