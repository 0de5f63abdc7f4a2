import { expect, it } from 'vitest'
import { describeOnKubeApi, inFreshNamespaces } from '../../test/env/kube-tests.ts'
import type { KubeClient } from '../transport/kube-client.ts'
import { orThrow } from '../transport/kube-error.ts'
import type { Happening } from './correlator.ts'
import { openEventRecorder, type EventRecorder } from './event-recorder.ts'

interface Told {
  readonly metadata: { readonly name: string }
  readonly reason: string
  /** Absent when it is empty. */
  readonly note?: string
  readonly series?: { readonly count: number; readonly lastObservedTime: string }
}

describeOnKubeApi('an event recorder', (place) => {
  let client: KubeClient
  let namespace: string
  let recorder: EventRecorder
  inFreshNamespaces(place, (fresh) => {
    ;({ client, namespace } = fresh)
    recorder = openEventRecorder({ client, controller: 'weir.test/recorder', instance: 'one' })
  })

  function happening(note: string, name = 'a', reason = 'Broken'): Happening {
    const regarding = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name, uid: `uid-${name}` }
    return { regarding, type: 'Warning', reason, action: 'Testing', note }
  }

  async function record(...all: readonly Happening[]): Promise<void> {
    for (const one of all) recorder.record(one)
    await recorder.settled()
  }

  function path(name = ''): string {
    return `/apis/events.k8s.io/v1/namespaces/${namespace}/events${name}`
  }

  async function told(): Promise<readonly Told[]> {
    return orThrow(await client.request<{ items: readonly Told[] }>({ method: 'GET', path: path() })).items
  }

  it('tells what happened, and counts the same again', async () => {
    await record(happening('no such queue'))
    expect(await told()).toMatchObject([{ reason: 'Broken', note: 'no such queue' }])
    await record(happening('no such queue'))
    for (let at = 0; at < 5; at += 1) recorder.record(happening('no such queue'))
    await recorder.settled()
    const events = await told()
    expect(events).toMatchObject([{ note: 'no such queue', series: { count: 7 } }])
    expect(events[0]?.series?.lastObservedTime).toMatch(/\.\d{6}Z$/)
    await record(happening('other words'), happening('no such queue', 'a', 'Other'), happening('no such queue', 'b'))
    expect((await told()).length).toBe(4)
    expect(recorder.dropped()).toBe(0)
  })

  it('tells many different words for one reason as one', async () => {
    await record(...Array.from({ length: 20 }, (_, at) => happening(`timed out after ${at} ms`)))
    const events = await told()
    expect(events.length).toBe(11)
    const combined = events.find(({ note }) => note?.startsWith('(combined from similar events)'))
    expect(combined?.series?.count).toBe(10)
  })

  it('cuts an object short that has no end of events, and no other', async () => {
    await record(
      ...Array.from({ length: 100 }, (_, at) => happening('x', 'noisy', `Reason${at}`)),
      happening('x', 'calm'),
    )
    expect((await told()).length).toBe(26)
    expect(recorder.dropped()).toBe(75)
  })

  it('begins a new one when the server has forgotten the old', async () => {
    await record(happening('x'))
    const [first] = await told()
    orThrow(await client.request({ method: 'DELETE', path: path(`/${first?.metadata.name}`) }))
    await record(happening('x'))
    const [second] = await told()
    expect(second).toMatchObject({ note: 'x', series: { count: 2 } })
    await record(happening('x'))
    expect((await told()).map(({ series }) => series?.count)).toEqual([3])
  })

  it('fits whatever words into what the server takes', async () => {
    await record(happening('😀'.repeat(2_000)), { ...happening('', 'b', 'R'.repeat(500)), action: 'A'.repeat(500) })
    const events = await told()
    expect(events.map(({ note = '' }) => note.isWellFormed() && !note.includes('�'))).toEqual([true, true])
    expect(recorder.dropped()).toBe(0)
  })

  it('tells of what is in no namespace, whatever it is called', async () => {
    const name = `System:${namespace}:-.`
    await record({
      ...happening('x'),
      regarding: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name },
    })
    expect(recorder.dropped()).toBe(0)
    const fieldSelector = `regarding.name=${name}`
    const listed = {
      method: 'GET',
      path: '/apis/events.k8s.io/v1/namespaces/default/events',
      query: { fieldSelector },
    } as const
    expect(orThrow(await client.request<{ items: readonly Told[] }>(listed)).items.length).toBe(1)
  })

  it('counts what the server does not take, and goes on', async () => {
    await record({ ...happening('x', 'a'), regarding: { ...happening('x').regarding, namespace: 'no-such-namespace' } })
    expect(recorder.dropped()).toBe(1)
    await record(happening('x', 'b'))
    expect((await told()).length).toBe(1)
  })

  it('drops what finds no room', async () => {
    recorder = openEventRecorder({ client, controller: 'weir.test/recorder', instance: 'one', queued: 3 })
    await record(...Array.from({ length: 10 }, (_, at) => happening('x', `object-${at}`)))
    expect((await told()).length).toBe(3)
    expect(recorder.dropped()).toBe(7)
  })
})
