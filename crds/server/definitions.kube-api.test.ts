import { afterAll, beforeAll, expect, it } from 'vitest'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { describeOnKubeApi, openAdministrator } from '../../test/env/kube-tests.ts'
import { applyCrds, readDefinitions, type Definition } from '../../test/env/weir-crds.ts'

describeOnKubeApi('the definitions on an API server', (place) => {
  let client: KubeClient
  let live: Definition[]

  beforeAll(async () => {
    client = await openAdministrator(place)
    live = await applyCrds(client)
  })
  afterAll(() => client.close())

  it('are taken without a word of their being no structural schema', () => {
    const said = live.flatMap(({ metadata, status }) =>
      (status?.conditions ?? [])
        .filter(({ type }) => type === 'NonStructuralSchema' || type === 'KubernetesAPIApprovalPolicyConformant')
        .map(({ type, message }) => `${metadata.name}: ${type}: ${message}`),
    )
    expect(said).toEqual([])
  })

  it('are read as they were written', async () => {
    for (const [at, { spec }] of (await readDefinitions()).entries()) expect(live[at]?.spec).toMatchObject(spec)
  })

  it('can be applied by many at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => applyCrds(client)))
    for (const again of all)
      expect(again.map(({ metadata }) => metadata.uid)).toEqual(live.map(({ metadata }) => metadata.uid))
  })
})
