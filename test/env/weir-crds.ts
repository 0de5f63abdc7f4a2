import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, vi } from 'vitest'
import { parse } from 'yaml'
import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import type { KubeApiPlace } from './kube-servers.ts'
import { freshNamespace, inFreshNamespaces, openAdministrator, type FreshPlace } from './kube-tests.ts'

const folder = join(import.meta.dirname, '..', '..', 'crds', 'generated')
const patience = { timeout: 60_000, interval: 50 }

const definitionKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  isNamespaced: false,
}

/** As much of a CustomResourceDefinition as tests look at. */
export interface Definition extends KubeObject {
  readonly spec: {
    readonly group: string
    readonly scope: 'Namespaced' | 'Cluster'
    readonly names: { readonly kind: string; readonly plural: string }
    readonly versions: readonly [
      { readonly name: string; readonly schema: { readonly openAPIV3Schema: Readonly<Record<string, unknown>> } },
    ]
  }
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[]
  }
}

/** What `npm run generate` has written, in the order of the files' names. */
export async function readDefinitions(): Promise<Definition[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).toSorted()
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return texts.map((text) => parse(text) as Definition)
}

/**
 * Weir's kinds, on the server and served. Any number of test files may do this at the same time, and again.
 *
 * @returns the definitions as the server has them now
 * @throws {KubeError} when the server refuses one
 */
export async function applyCrds(client: KubeClient): Promise<Definition[]> {
  const definitions = await readDefinitions()
  return Promise.all(definitions.map((definition) => applyDefinition(client, definition)))
}

/** `inFreshNamespaces`, on a server that has Weir's kinds. */
export function inFreshNamespacesOfWeir(place: KubeApiPlace, begin: (fresh: FreshPlace) => unknown): void {
  beforeAll(async () => {
    const client = await openAdministrator(place)
    try {
      await applyCrds(client)
    } finally {
      await client.close()
    }
  })
  inFreshNamespaces(place, begin)
}

/** All tests of the suite share a client and a namespace, on a server that has Weir's kinds. */
export function inOneNamespaceOfWeir(place: KubeApiPlace, begin: (fresh: FreshPlace) => unknown): void {
  beforeAll(async () => {
    const client = await openAdministrator(place)
    await applyCrds(client)
    const { namespace, close } = await freshNamespace(client)
    await begin({ client, namespace })
    return async () => {
      await close()
      await client.close()
    }
  })
}

async function applyDefinition(client: KubeClient, definition: Definition): Promise<Definition> {
  const path = pathOf(definitionKind, { name: definition.metadata.name })
  await sendDefinition(client, path, definition)
  const established = async (): Promise<Definition> => {
    const live = orThrow(await client.request<Definition>({ method: 'GET', path }))
    const conditions = live.status?.conditions ?? []
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return live
    throw new Error(`${live.metadata.name} is not established: ${JSON.stringify(conditions)}`)
  }
  const live = await vi.waitFor(established, patience)
  const { group, names, versions } = definition.spec
  const served = `/apis/${group}/${versions[0].name}/${names.plural}`
  // Established is said a moment before the path answers.
  await vi.waitFor(async () => {
    orThrow(await client.request({ method: 'GET', path: served, query: { limit: 1 } }))
  }, patience)
  return live
}

const attempts = 10

async function sendDefinition(client: KubeClient, path: string, body: Definition): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const query = { fieldManager: 'weir-tests', force: true, fieldValidation: 'Strict' }
    const contentType = 'application/apply-patch+yaml'
    const answer = await client.request({ method: 'PATCH', path, query, contentType, body })
    if (answer.kind === 'done') return
    // Another test file made it, or its status was written, in the same moment.
    if (answer.failure.status !== 409 || attempt === attempts) throw answer.failure
  }
}
