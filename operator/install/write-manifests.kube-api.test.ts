import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { describeOnKubeApi, freshNamespace, openAdministrator, type FreshNamespace } from '../../test/env/kube-tests.ts'
import { applyCrds } from '../../test/env/weir-crds.ts'
import { catalogueText, manifestsText } from './write-manifests.ts'

describeOnKubeApi('what `make manifests` writes', (place) => {
  let client: KubeClient
  let fresh: FreshNamespace
  beforeAll(async () => {
    client = await openAdministrator(place)
    fresh = await freshNamespace(client)
  })
  afterAll(async () => {
    await fresh?.close()
    await client?.close()
  })

  it('is taken by the API server, every field of it', async () => {
    const text = await manifestsText({ image: 'weir:test', namespace: fresh.namespace })
    const objects = parseAllDocuments(text).map((document) => document.toJS() as KubeObject)
    for (const object of objects) await dryRun(object)
    expect(objects.map(({ kind }) => kind)).toContain('Deployment')
    expect(objects.filter(({ kind }) => kind === 'CustomResourceDefinition')).toHaveLength(6)
  })

  it('has a catalogue that it takes as well', async () => {
    await applyCrds(client)
    const objects = parseAllDocuments(await catalogueText()).map((document) => document.toJS() as KubeObject)
    for (const object of objects) await dryRun(object)
    expect(objects.map(({ metadata }) => metadata.name)).toEqual(['code', 'http'])
  })

  async function dryRun(object: KubeObject & { readonly apiVersion?: string; readonly kind?: string }): Promise<void> {
    const { apiVersion = '', kind = '', metadata } = object
    const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
    const within = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`
    const query = { fieldManager: 'weir-tests', force: true, fieldValidation: 'Strict', dryRun: 'All' }
    const path = `${root}${within}/${pluralOf(kind)}/${metadata.name}`
    const contentType = 'application/apply-patch+yaml'
    orThrow(await client.request({ method: 'PATCH', path, query, contentType, body: object }))
  }
})

function pluralOf(kind: string): string {
  return kind.toLowerCase().replace(/y$/, 'ie') + 's'
}
