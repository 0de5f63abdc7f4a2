import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { MongoClient } from 'mongodb'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { resources } from '../../../crds/resources.ts'
import { pathOf, type KubeObject, type Resource } from '../../../kube/kube-object.ts'
import { openKubeClient } from '../../../kube/transport/kube-client.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { poolPlatform } from '../../../operator/pool-platform.ts'
import { podRoles } from '../../../operator/tenants/tenant-secrets.ts'
import { openAmqpBroker } from '../../../runtime/broker/amqp/open-amqp-broker.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { openKubeApi, type KubeApiServer } from '../../env/kube-api.ts'
import { openMongo, type MongoServer } from '../../env/mongo.ts'
import { accessTo, describeOnOwnKubeApi, limitedToken } from '../../env/kube-tests.ts'
import { describeOnServers } from '../../env/servers.ts'
import {
  addressesOf,
  applyRelay,
  closeAccount,
  openClusterLoad,
  openEffects,
  relayFlow,
} from '../../rig/operator/cluster-load.ts'
import { openOperatorRig, simpleFlow, type OperatorRig } from '../../rig/operator/operator-rig.ts'

const waiting = { timeout: 240_000, interval: 100 }
const log = pino({ enabled: false })
const core = (kind: string, plural: string): Resource => ({
  group: '',
  version: 'v1',
  kind,
  plural,
  isNamespaced: true,
})
const secrets = core('Secret', 'secrets')
const credentialRules = [
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['weir.dev'], resources: ['credentials'], verbs: ['get', 'list', 'watch'] },
]

/** On a machine that has other work, too. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 })

await describeOnOwnKubeApi('An operator of all namespaces', () => {
  describeOnServers('with one vhost and one database each', ({ rabbit }) => {
    let opened: AsyncDisposableStack
    let kubeApi: KubeApiServer
    /** Without users MongoDB lets everybody do everything. */
    let mongo: MongoServer
    let ours: OperatorRig
    let theirs: OperatorRig
    let lines: string[]
    beforeEach(async () => {
      opened = new AsyncDisposableStack()
      kubeApi = await openKubeApi()
      opened.defer(kubeApi.close)
      mongo = await openMongo({ hasUsers: true })
      opened.defer(mongo.close)
      const open = () => openOperatorRig({ kubeApi, rabbit, mongo }, { patienceMs: 240_000 })
      theirs = await open()
      opened.defer(theirs.close)
      ours = await open()
      opened.defer(ours.close)
      lines = []
      const write = (line: Buffer, _: unknown, done: () => void): void => {
        lines.push(String(line))
        done()
      }
      const settings = { brokerUrl: new URL(rabbit.amqpUrl), storeUrl: mongo.url, logLevel: 'info' }
      ours.start({
        log: pino({ level: 'trace' }, new Writable({ write })),
        options: {
          namespace: undefined,
          pools: { platform: poolPlatform('weir:test', settings), secretAccess: 'cluster' },
        },
      })
    })
    afterEach(() => opened.disposeAsync())

    it('lets none use what is another’s: a Credential, a Component, a queue, a database', async () => {
      await giveSecret(theirs, 'crm', { username: 'u', password: 'p' })
      await giveCredential(theirs, 'crm', 'basic')
      await applyRelay(theirs)
      await giveCredential(ours, 'stolen', 'basic', 'crm')
      await Promise.all([ours.applyFlow('orders', simpleFlow()), theirs.applyFlow('orders', simpleFlow())])
      await Promise.all([ours.ready('orders'), theirs.ready('orders')])
      await ours.applyFlow('thief', {
        triggers: [{ name: 'by-hand', manual: {} }],
        steps: [{ name: 'find', component: 'relay', function: 'pass', credential: 'crm' }],
      })
      const thief = await ours.condition('thief', 'Stalled', 'True')
      expect(thief.status?.conditions?.find(({ type }) => type === 'Stalled')?.message.split('\n')).toEqual([
        expect.stringContaining('(UnknownComponent)'),
        expect.stringContaining('(UnknownCredential)'),
      ])
      // A Secret is looked for in the Credential's own namespace, and Weir's own Secrets are nobody's credentials.
      await giveCredential(ours, 'server', 'mixed', 'weir-runner')
      for (const [name, reason] of [
        ['stolen', 'SecretNotFound'],
        ['server', 'SecretReserved'],
      ] as const)
        await vi.waitFor(
          async () => expect(await credentialReady(ours, name)).toMatchObject({ status: 'False', reason }),
          waiting,
        )
      await usersAreShutOut()
      await accountsAreShutOut()
    })

    /** Of the broker: nobody of ours can enter their vhost, nor ask the management. */
    async function usersAreShutOut(): Promise<void> {
      for (const role of podRoles) {
        const { WEIR_BROKER_URL: url = '' } = await addressesOf(ours, role)
        const own = await openAmqpBroker({
          url,
          connectionName: 'weir-test',
          log,
          clock: systemClock,
          patience: 'fail',
        })
        await own.close()
        const inTheirs = new URL(url)
        inTheirs.pathname = `/${encodeURIComponent(theirs.vhost)}`
        await expect(
          openAmqpBroker({
            url: inTheirs.href,
            connectionName: 'weir-test',
            log,
            clock: systemClock,
            patience: 'fail',
          }),
        ).rejects.toThrow()
        const authorization = `Basic ${Buffer.from(`${decodeURIComponent(inTheirs.username)}:${decodeURIComponent(inTheirs.password)}`).toString('base64')}`
        const answer = await fetch(`${new URL(rabbit.managementUrl).origin}/api/vhosts`, { headers: { authorization } })
        expect(answer.status).toBe(401)
        const addresses = await addressesOf(theirs, role)
        expect(new URL(addresses['WEIR_BROKER_URL'] ?? '').password).not.toBe(inTheirs.password)
        expect(addresses['WEIR_STORE_URL']).toContain(theirs.database)
        await databaseIsShut((await addressesOf(ours, role))['WEIR_STORE_URL'] ?? '')
      }
    }

    /** Of the store: who leads into our database has none of theirs, and no other login. */
    async function databaseIsShut(url: string): Promise<void> {
      expect(url).toContain(`/${ours.database}?`)
      expect(url).not.toContain(new URL(mongo.url).password)
      const own = new MongoClient(url)
      try {
        expect(await own.db(ours.database).collection('flows').findOne()).toBeNull()
        const refused = [
          own.db(theirs.database).collection('flows').findOne(),
          own.db(theirs.database).collection('snapshots').insertOne({}),
          own.db(theirs.database).collection('blobs.files').deleteMany({}),
          own.db(theirs.database).dropDatabase(),
          own.db(ours.database).dropDatabase(),
          own.db(ours.database).command({ usersInfo: 1 }),
          own.db('admin').collection('system.users').findOne(),
        ]
        for (const one of await Promise.allSettled(refused))
          expect(one).toMatchObject({ status: 'rejected', reason: { code: 13 } })
      } finally {
        await own.close()
      }
      const elsewhere = new MongoClient(url.replaceAll(ours.database, theirs.database))
      await expect(elsewhere.connect()).rejects.toMatchObject({ code: 18 })
      await elsewhere.close()
    }

    /** Of the API server: what a pool's pod may read is in its own namespace. */
    async function accountsAreShutOut(): Promise<void> {
      const token = await limitedToken(ours.client, { namespace: ours.namespace, rules: credentialRules })
      const client = openKubeClient({ access: accessTo({ ...kubeApi, token }), userAgent: 'weir-tests' })
      opened.defer(client.close)
      for (const [resource, name] of [
        [resources.credentials, 'crm'],
        [secrets, 'crm'],
        [resources.flows, 'orders'],
      ] as const) {
        const path = pathOf(resource, { namespace: theirs.namespace, name })
        expect(await client.request({ method: 'GET', path })).toMatchObject({ failure: { status: 403 } })
      }
    }

    it('shows no secret anywhere: a canary is looked for', async () => {
      const canary = `canary-${randomBytes(12).toString('hex')}`
      const { file, close } = await openEffects()
      opened.defer(close)
      await applyRelay(ours)
      await giveSecret(ours, 'login', { username: 'u', password: canary })
      await giveCredential(ours, 'login', 'basic')
      await giveSecret(ours, 'client', {
        clientId: 'id',
        clientSecret: canary,
        tokenUrl: `http://127.0.0.1:1/${canary}`,
      })
      await giveCredential(ours, 'token', 'oauth2ClientCredentials', 'client')
      await giveSecret(ours, 'lacking', { password: canary })
      await giveCredential(ours, 'lacking', 'basic')
      const flow = relayFlow(file, ['first', 'last']) as { readonly steps: readonly object[] }
      await ours.applyFlow('orders', {
        ...flow,
        steps: flow.steps.map((step) => ({ ...step, credential: 'login' })),
      })
      await ours.ready('orders')
      const load = await openClusterLoad(ours, { kubeApi, rabbit, mongo }, { effects: file, rules: credentialRules })
      opened.defer(load.close)
      await load.start('recorder')
      const runner = await load.start('runner', { WEIR_CREDENTIALS: 'kubernetes', WEIR_LOG_LEVEL: 'trace' })
      await load.sender.send(50)
      expect(await closeAccount(ours, load)).toMatchObject({ sent: 50, finished: 50, dead: 0 })
      await vi.waitFor(async () => expect((await credentialReady(ours, 'token'))?.status).toBe('False'), waiting)
      await vi.waitFor(async () => expect((await credentialReady(ours, 'lacking'))?.status).toBe('False'), waiting)
      const places: Record<string, string> = {
        'log of the operator': lines.join(''),
        'log of the runner': JSON.stringify(runner.logged()),
        ...(await objectsOf(ours)),
        ...environmentsOf([runner.pid, ...runner.children()]),
        database: await databaseText(ours.database),
      }
      const forms = [canary, Buffer.from(canary).toString('base64').slice(0, -4), encodeURIComponent(canary)]
      expect(JSON.stringify(await readSecret(ours, 'login'))).toContain(forms[1])
      const found = Object.entries(places).filter(([, text]) => forms.some((form) => text.includes(form)))
      expect(found.map(([name]) => name)).toEqual([])
      // All of these were there to be searched.
      for (const name of ['events', 'flows', 'flowrevisions', 'credentials', 'deployments', 'roles'])
        expect(JSON.parse(places[name] ?? ''), name).not.toEqual([])
      expect(places['log of the operator']).toContain('revision active')
      expect(Object.keys(places).filter((name) => name.startsWith('environment')).length).toBeGreaterThan(1)
    })

    /** All kinds that the server has, Secrets left out: that is where secrets are. */
    async function objectsOf({ client, namespace }: OperatorRig): Promise<Record<string, string>> {
      const groups = ['/api/v1']
      const { groups: found } = orThrow(
        await client.request<{
          readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[]
        }>({ method: 'GET', path: '/apis' }),
      )
      for (const { preferredVersion } of found) groups.push(`/apis/${preferredVersion.groupVersion}`)
      const texts: Record<string, string> = {}
      for (const group of groups) {
        const { resources: kinds } = orThrow(
          await client.request<{
            readonly resources: readonly {
              readonly name: string
              readonly namespaced: boolean
              readonly verbs: readonly string[]
            }[]
          }>({ method: 'GET', path: group }),
        )
        for (const { name } of kinds.filter(
          (kind) => kind.namespaced && kind.verbs.includes('list') && kind.name !== 'secrets',
        )) {
          const path = `${group}/namespaces/${namespace}/${name}`
          const { items } = orThrow(
            await client.request<{ readonly items: readonly KubeObject[] }>({ method: 'GET', path }),
          )
          texts[name] = items.length > 0 || texts[name] === undefined ? JSON.stringify(items) : texts[name]
        }
      }
      return texts
    }

    async function databaseText(name: string): Promise<string> {
      const client = new MongoClient(mongo.url)
      try {
        const all = await client.db(name).collections()
        const texts = await Promise.all(
          all.map(async (one) =>
            (await one.find().toArray()).map((document) => JSON.stringify(document, asText)).join('\n'),
          ),
        )
        return texts.join('\n')
      } finally {
        await client.close()
      }
    }
  })
})

async function giveSecret({ client, namespace }: OperatorRig, name: string, stringData: object): Promise<void> {
  orThrow(
    await client.request({
      method: 'POST',
      path: pathOf(secrets, { namespace }),
      body: { metadata: { name }, stringData },
    }),
  )
}

async function readSecret({ client, namespace }: OperatorRig, name: string): Promise<KubeObject> {
  return orThrow(await client.request<KubeObject>({ method: 'GET', path: pathOf(secrets, { namespace, name }) }))
}

async function giveCredential(rig: OperatorRig, name: string, type: string, secret = name): Promise<void> {
  await rig.apply(resources.credentials, { metadata: { name }, spec: { type, secretRef: { name: secret } } })
}

async function credentialReady({ client, namespace }: OperatorRig, name: string) {
  const path = pathOf(resources.credentials, { namespace, name })
  const { status } = orThrow(await client.request<KubeObject>({ method: 'GET', path }))
  const { conditions = [] } = (status ?? {}) as {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[]
  }
  return conditions.find(({ type }) => type === 'Ready')
}

/** Of processes, and of their threads' tables of arguments. */
function environmentsOf(pids: readonly number[]): Record<string, string> {
  const alive = new Set(readdirSync('/proc'))
  return Object.fromEntries(
    pids
      .filter((pid) => alive.has(String(pid)))
      .map((pid) => [
        `environment of ${pid}`,
        ['environ', 'cmdline'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1')).join('\n'),
      ]),
  )
}

/** Bytes are looked through, too. */
function asText(_: string, value: unknown): unknown {
  const { type, data } = (value ?? {}) as { readonly type?: unknown; readonly data?: unknown }
  return type === 'Buffer' && Array.isArray(data) ? Buffer.from(data as number[]).toString('latin1') : value
}
