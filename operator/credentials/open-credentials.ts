import { randomUUID } from 'node:crypto'
import { resources } from '../../crds/resources.ts'
import { openNamedObjects, type NamedObjects } from '../../kube/cache/named-objects.ts'
import { identityOnly, type Kept } from '../../kube/cache/projection.ts'
import { openController, type Reconciled } from '../../kube/controller/controller.ts'
import { isSpecChange, mappedSource, primarySource, type Source } from '../../kube/controller/sources.ts'
import { keyOf, placeOf, type Resource } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { openStatusWriter, type StatusWriter } from '../../kube/write/status-writer.ts'
import type { OperatorPart, OperatorParts } from '../operator-parts.ts'
import type { ClusterApp, ClusterCredential, CredentialParts, CredentialTiming } from './credential-parts.ts'
import { appConditions } from './decide/app-status.ts'
import { ownerOf, readSecret } from './observe-credential.ts'
import { isCallableAddress } from './public-address.ts'
import { reconcileCredential } from './reconcile-credential.ts'
import { openRenewalMemory } from './renewal-memory.ts'
import { openStatusTeller, type StatusTeller } from './tell-status.ts'
import { openTokenEndpoint } from './token-endpoint.ts'
import { secretsResource } from './token-secret-writer.ts'

export interface CredentialsOptions {
  /**
   * Writes even when this process leads no longer: what a server gave in exchange for a refresh token would be lost otherwise, and claims keep
   * others from calling meanwhile. The parts' own client without it.
   */
  readonly unfenced?: KubeClient
  /** Of this process, for claims; a random one without it. */
  readonly instance?: string
  readonly timing?: Partial<CredentialTiming>
  /** Secrets that are watched; 50 by default, the others are looked at every `pollMs`. */
  readonly watches?: number
  /** Where token endpoints may be; by default everywhere but on this host and its link. */
  readonly isAddressAllowed?: (address: string) => boolean
  /** How a namespace's Secrets are opened to the operator: the end of a sentence. */
  readonly howToOpen?: (namespace: string) => string
  readonly random?: () => number
}

const defaultTiming: CredentialTiming = { claimMs: 60_000, callMs: 15_000, pollMs: 30_000 }
const fieldManager = 'weir-credentials'

/** Credentials and Apps: their status, and tokens that are there before they are needed. */
export function openCredentials(parts: OperatorParts, options: CredentialsOptions = {}): OperatorPart {
  return {
    run: async (signal) => {
      const opened = openParts(parts, options)
      const { secrets, endpoint } = opened
      const writers = [resources.credentials, resources.apps].map((resource) => openWriter(parts, resource))
      const [ofCredentials, ofApps] = writers as [StatusWriter, StatusWriter]
      const running = [credentialController(opened, ofCredentials), appController(opened, ofApps)]
      try {
        await Promise.all(running.map((controller) => controller.run(signal)))
      } finally {
        for (const writer of writers) writer.close()
        await Promise.all([secrets.close(), endpoint.close()])
      }
    },
  }
}

function openParts(parts: OperatorParts, options: CredentialsOptions): CredentialParts {
  const { client, clock } = parts
  const { unfenced = client, instance = randomUUID(), random = Math.random, watches = 50 } = options
  const timing = { ...defaultTiming, ...options.timing }
  const { isAddressAllowed = isCallableAddress, howToOpen = openByBinding } = options
  const secrets = openNamedObjects({
    client,
    clock,
    watches,
    resource: secretsResource,
    project: identityOnly,
    isMetadataOnly: true,
    pollMs: timing.pollMs,
  })
  const endpoint = openTokenEndpoint({ clock, callMs: timing.callMs, isAddressAllowed })
  return { ...parts, unfenced, instance, random, timing, secrets, endpoint, howToOpen }
}

function openByBinding(namespace: string): string {
  return `bind the operator's account to its role for Secrets in namespace "${namespace}" (a RoleBinding; see docs/operator.md), or to one for the whole cluster, as "install.yaml" does`
}

function openWriter({ client, clock, log, caches }: OperatorParts, resource: Resource): StatusWriter {
  const cache = resource === resources.apps ? caches.apps : caches.credentials
  return openStatusWriter({
    client,
    clock,
    resource,
    fieldManager,
    // What a write has answered is the whole object, of the kind that was written.
    onWritten: (object) => cache.note(object),
    onFailure: (failure) => log.warn({ kind: resource.kind, code: failure.reason }, 'status not written'),
  })
}

interface Runnable {
  readonly run: (signal: AbortSignal) => Promise<void>
}

function credentialController(parts: CredentialParts, writer: StatusWriter): Runnable {
  const { clock, caches, secrets, meters } = parts
  const memory = openRenewalMemory(clock, parts.instance, parts.random)
  const forget = caches.credentials.subscribe((change) => {
    if (change.kind === 'removed') memory.forget(change.object.metadata.uid ?? '')
  })
  const teller: StatusTeller<ClusterCredential> = openStatusTeller({
    ...parts,
    writer,
    resource: resources.credentials,
  })
  const controller = openController({
    name: 'credential',
    clock,
    meters,
    sources: [
      primarySource(caches.credentials, isSpecChange),
      mappedSource(caches.apps, (app) => keysNaming(caches.credentials.values(), app)),
      secretSource(secrets, 'credential'),
    ],
    reconcile: (key, signal) => reconcileCredential({ ...parts, memory, teller }, key, signal),
    onFailure: ({ key, error }) => logFailure(parts, 'credential', key, error),
  })
  return { run: (signal) => controller.run(signal).finally(forget) }
}

function* keysOf(credentials: Iterable<ClusterCredential>, { metadata }: ClusterApp): Iterable<string> {
  for (const credential of credentials) {
    const isSameNamespace = credential.metadata.namespace === metadata.namespace
    if (isSameNamespace && credential.spec.app === metadata.name) yield keyOf(credential)
  }
}

function keysNaming(credentials: Iterable<ClusterCredential>, app: ClusterApp): readonly string[] {
  return [...keysOf(credentials, app)]
}

function appController(parts: CredentialParts, writer: StatusWriter): Runnable {
  const { clock, caches, secrets, meters } = parts
  const teller: StatusTeller<ClusterApp> = openStatusTeller({ ...parts, writer, resource: resources.apps })
  return openController({
    name: 'app',
    clock,
    meters,
    sources: [primarySource(caches.apps, isSpecChange), secretSource(secrets, 'app')],
    reconcile: (key) => reconcileApp(parts, teller, key),
    onFailure: ({ key, error }) => logFailure(parts, 'app', key, error),
  })
}

async function reconcileApp(
  parts: CredentialParts,
  teller: StatusTeller<ClusterApp>,
  key: string,
): Promise<Reconciled> {
  const app = parts.caches.apps.get(key)
  const name = app?.spec.oauth2?.client?.secretRef.name
  const { namespace = '' } = placeOf(key)
  parts.secrets.follow(ownerOf('app', key), name === undefined ? [] : [`${namespace}/${name}`])
  if (app === undefined) return { kind: 'done' }
  const client = name === undefined ? undefined : await readSecret(parts.client, namespace, name)
  const howToOpen = parts.howToOpen(namespace)
  teller.tell(app, { conditions: appConditions(app.spec, client, { namespace, howToOpen }) })
  return { kind: 'done' }
}

function secretSource(secrets: NamedObjects<Kept>, kind: 'credential' | 'app'): Source {
  const prefix = ownerOf(kind, '')
  return {
    synced: Promise.resolve(),
    subscribe: (enqueue) =>
      secrets.subscribe((_, owners) => {
        for (const owner of owners) if (owner.startsWith(prefix)) enqueue(owner.slice(prefix.length), 'child')
      }),
  }
}

/** What a request says of itself is its path and the server's words: no body, and so no secret. */
function logFailure({ log }: CredentialParts, kind: 'credential' | 'app', key: string, error: unknown): void {
  log.warn({ [kind]: key, err: error }, 'reconcile failed')
}
