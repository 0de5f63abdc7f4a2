import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { resources } from '../../../crds/resources.ts'
import { pathOf, type KubeObject, type Resource } from '../../../kube/kube-object.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { planSourceRules } from '../../../runtime/plans/kubernetes/rules.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import type { Store } from '../../../runtime/store/store.ts'
import { tenantProcessRules } from '../../../runtime/tenants/rules.ts'
import type { TenantRole } from '../../../runtime/tenants/tenant-logins.ts'
import { openMongo, type MongoServer } from '../../env/mongo.ts'
import { describeOnAll } from '../../env/operator-tests.ts'
import { openOperatorRig, type OperatorRig } from '../../rig/operator/operator-rig.ts'
import { startProgram, type ProcessUnderTest } from '../../rig/faults/process-under-test.ts'
import { openPodAccount } from '../../rig/pod-account.ts'

const log = pino({ level: 'silent' })
const waiting = { timeout: 90_000, interval: 100 }
const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }
const relay = fileURLToPath(new URL('../../fixtures/components/relay', import.meta.url))

describeOnAll('one recorder and one scheduler for all namespaces', (places) => {
  const { kubeApi, rabbit } = places
  let opened: AsyncDisposableStack
  let mongo: MongoServer
  let rig: OperatorRig
  let store: Store
  beforeEach(async () => {
    opened = new AsyncDisposableStack()
    mongo = await openMongo({ hasUsers: true })
    opened.defer(mongo.close)
    rig = await openOperatorRig({ ...places, mongo })
    opened.defer(rig.close)
    rig.start()
    store = await openMongoStore({ url: mongo.url, database: rig.database, log })
    opened.defer(store.close)
  })
  afterEach(() => opened.disposeAsync())

  async function start(role: Exclude<TenantRole, 'gateway'>): Promise<ProcessUnderTest> {
    const { client, namespace } = rig
    const account = await openPodAccount(client, kubeApi, { namespace, rules: tenantProcessRules(role) })
    opened.defer(account.close)
    const started = await startProgram(`cluster-${role}`, {
      ...account.environment,
      WEIR_BROKER_URL: rabbit.amqpUrl,
      // Nobody in particular: each namespace has who may work in its database.
      WEIR_STORE_URL: `mongodb://127.0.0.1:${mongo.port}/?replicaSet=rs0`,
      WEIR_NAMESPACE: namespace,
    })
    opened.defer(started.kill)
    return started
  }

  async function startRunner(): Promise<void> {
    const { client, namespace } = rig
    const account = await openPodAccount(client, kubeApi, { namespace, rules: planSourceRules })
    opened.defer(account.close)
    const { data } = await secret('weir-runner')
    const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString()
    const { WEIR_BROKER_URL, WEIR_STORE_URL } = {
      WEIR_BROKER_URL: text('WEIR_BROKER_URL'),
      WEIR_STORE_URL: text('WEIR_STORE_URL'),
    }
    const started = await startProgram('runner', {
      ...account.environment,
      WEIR_BROKER_URL,
      WEIR_STORE_URL,
      WEIR_PLANS: 'kubernetes',
      WEIR_COMPONENTS: `Component/relay=${relay}`,
    })
    opened.defer(started.kill)
  }

  async function secret(name: string): Promise<KubeObject & { readonly data: Readonly<Record<string, string>> }> {
    const path = pathOf(secrets, { namespace: rig.namespace, name })
    return orThrow(await rig.client.request({ method: 'GET', path }))
  }

  const ready = async ({ port }: ProcessUnderTest): Promise<void> => {
    await vi.waitFor(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
      expect(await answer.text()).toBe('ok\n')
    }, waiting)
  }

  it('fires schedules, keeps runs and dead letters, and goes on after another login', async () => {
    const [recorder, scheduler] = await Promise.all([start('recorder'), start('scheduler')])
    // Before anybody has a namespace's Secret there is nothing to do.
    await Promise.all([recorder, scheduler].map(ready))
    const triggers = [{ name: 'tick', schedule: { cron: '* * * * * *' } }]
    const flow = await rig.applyFlow('clock', {
      triggers,
      steps: [{ name: 'end', fail: { code: 'Refused', message: '"no"' } }],
    })
    await rig.ready('clock')
    await startRunner()
    const uid = String(flow.metadata.uid)
    await vi.waitFor(
      async () => expect((await store.deadLetters.list({ flow: uid })).length).toBeGreaterThan(2),
      waiting,
    )
    const [letter] = await store.deadLetters.list({ flow: uid })
    expect(letter).toMatchObject({ namespace: rig.namespace, step: 'end', state: 'dead' })
    await vi.waitFor(async () => expect((await store.runs.list({ flow: uid })).length).toBeGreaterThan(2), waiting)
    expect(await store.runs.list({ flow: uid, limit: 1 })).toMatchObject([
      { trigger: 'tick', namespace: rig.namespace },
    ])

    // Somebody writes another password there; the operator puts it right, and both go on.
    const path = pathOf(secrets, { namespace: rig.namespace, name: 'weir-scheduler' })
    const contentType = 'application/merge-patch+json'
    const { data } = await secret('weir-scheduler')
    const body = { data: { WEIR_BROKER_URL: Buffer.from('amqp://elsewhere:5672/v').toString('base64') } }
    orThrow(await rig.client.request({ method: 'PATCH', path, contentType, body }))
    await vi.waitFor(
      () => expect(scheduler.logged().some(({ msg }) => msg?.includes('is left out'))).toBe(true),
      waiting,
    )
    orThrow(await rig.client.request({ method: 'PATCH', path, contentType, body: { data } }))
    const before = Date.now()
    await vi.waitFor(
      async () => expect(await store.runs.list({ flow: uid, startedFrom: before, limit: 5 })).not.toEqual([]),
      waiting,
    )
  })

  it('polls again as soon as a poll is known to have ended, if that gave something', async () => {
    await rig.apply(resources.components, {
      metadata: { name: 'relay' },
      spec: {
        image: 'relay:test',
        functions: [{ name: 'count', kind: 'trigger', main: './count.js', snapshot: true }],
      },
    })
    await Promise.all([start('recorder'), start('scheduler')])
    const flow = await rig.applyFlow('polled', {
      triggers: [{ name: 'often', poll: { everySeconds: 600, untilEmpty: true } }],
      steps: [
        { name: 'look', component: 'relay', function: 'count', config: { last: 40, each: 10 } },
        { name: 'say', log: 'data.n' },
      ],
    })
    await rig.ready('polled')
    await startRunner()
    const uid = String(flow.metadata.uid)
    // Four that give something, and one that gives nothing. Without a word of their ends there would be one in ten minutes.
    await vi.waitFor(async () => expect((await store.runs.list({ flow: uid })).length).toBe(5), waiting)
  })
})
