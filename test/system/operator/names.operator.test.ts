import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { resources } from '../../../crds/resources.ts'
import { pathOf, type KubeObject, type Resource } from '../../../kube/kube-object.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { poolPlatform } from '../../../operator/pool-platform.ts'
import { describeOnAll } from '../../env/operator-tests.ts'
import { closeAccount, openClusterLoad, openEffects, relay } from '../../rig/operator/cluster-load.ts'
import { openOperatorRig, stateOf, type OperatorRig } from '../../rig/operator/operator-rig.ts'

const waiting = { timeout: 240_000, interval: 100 }
const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }
const deployments: Resource = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  isNamespaced: true,
}
const credentialRules = [
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['weir.dev'], resources: ['credentials'], verbs: ['get', 'list', 'watch'] },
]

/** A label of so many characters, of which only the last tells it from another. */
const label = (length: number, last: string): string => `9${'-x'.repeat(length)}`.slice(0, length - 1) + last
const subdomain = `${label(63, 'a')}.${label(63, 'b')}.${label(63, 'c')}.${label(61, 'd')}`
/** All that means something to a shell, a routing key, a path, a label, an expression or a terminal; 128 characters at most. */
const hostile =
  '../../a.*.# $(touch pwned) `id` && rm -rf / ; "\'\\ %2f %00 {{x}} ${y} \n\t\u001b[31m \u202e ﷽ é 💥 <b>&amp;</b> __proto__'

describeOnAll('Names', (places) => {
  let opened: AsyncDisposableStack
  let rig: OperatorRig
  beforeEach(async () => {
    opened = new AsyncDisposableStack()
    // Another in each run, as long as may be.
    const name = `${Date.now().toString(36)}${'-n'.repeat(40)}`.slice(0, 62) + 'z'
    rig = await openOperatorRig(places, { name, patienceMs: 240_000 })
    opened.defer(rig.close)
  })
  afterEach(() => opened.disposeAsync())

  it('may be as long as they can be and say what they like: a message moves', { timeout: 900_000 }, async () => {
    expect([rig.namespace.length, subdomain.length]).toEqual([63, 253])
    expect(hostile.length).toBeLessThanOrEqual(120)
    const { file, close } = await openEffects()
    opened.defer(close)
    const code = await hostileComponent(dirname(file))
    await giveSecret()
    await rig.apply(resources.credentials, {
      metadata: { name: subdomain },
      spec: { type: 'mixed', secretRef: { name: subdomain } },
    })
    const functions = ['pass', 'effect'].map((name) => ({
      name: `${name} ${hostile}`,
      kind: 'action',
      main: `./${name}.js`,
    }))
    const components = [label(52, 'a'), label(52, 'b')]
    for (const name of components)
      await rig.apply(resources.components, {
        metadata: { name, labels: { [`${label(63, 'k')}.test/${label(63, 'n')}`]: label(63, 'v') } },
        spec: { image: `registry.test:5000/${'i'.repeat(200)}:1`, functions },
      })
    const settings = { brokerUrl: new URL(places.rabbit.amqpUrl), storeUrl: places.mongo.url, logLevel: 'info' }
    rig.start({
      options: {
        publicUrl: 'https://hooks.example/base',
        pools: { platform: poolPlatform('weir:test', settings), secretAccess: 'cluster' },
      },
    })
    const flows = [label(52, 'a'), label(52, 'b')]
    for (const [at, name] of flows.entries())
      await rig.apply(resources.flows, {
        metadata: { name, annotations: { 'weir.test/note': hostile.repeat(100) } },
        spec: hostileFlow(file, components[at] ?? ''),
      })
    const queues = (await Promise.all(flows.map((name) => rig.ready(name)))).flatMap(
      (flow) => stateOf(flow)?.living.map(({ queue }) => queue) ?? [],
    )
    expect(new Set(queues).size).toBe(4)
    expect((await rig.queues()).toSorted()).toEqual(queues.toSorted())
    for (const queue of queues) expect(queue).toMatch(/^[-.\w]{1,255}$/)
    await vi.waitFor(async () => expect(new Set(await poolNames()).size).toBe(2), waiting)
    const load = await openClusterLoad(rig, places, { effects: file, rules: credentialRules })
    opened.defer(load.close)
    const runner = await load.start('runner', {
      WEIR_COMPONENTS: components.map((name) => `Component/${name}=${code}`).join(','),
      WEIR_POOLS: ['core', ...components.map((name) => `Component/${name}`)].join(','),
      WEIR_CREDENTIALS: 'kubernetes',
    })
    await load.start('recorder')
    await load.sender.send(20, { data: (n) => ({ [hostile]: hostile, n }) })
    const account = await closeAccount(rig, load)
    const why = await Array.fromAsync(load.store.deadLetters.scan({}), ({ code, message }) => `${code}: ${message}`)
    expect(account, why[0]).toMatchObject({ sent: 20, finished: 20, dead: 0, lost: [], invented: [] })
    expect(runner.isAlive()).toBe(true)
    for (const name of flows) await rig.remove(name)
    await load.close()
    for (const name of flows) await vi.waitFor(async () => expect(await rig.flow(name)).toBeUndefined(), waiting)
    expect(await rig.queues()).toEqual([])
  })

  it('that would break out of a path are refused by the API server, with the field', async () => {
    const bad = ['../theirs', 'a/b', 'A', 'a.b', 'é', label(53, 'a'), 'a\nb']
    for (const component of bad)
      await expect(
        rig.applyFlow('orders', {
          triggers: [{ name: 'by-hand', manual: {} }],
          steps: [{ name: 'find', component, function: 'find' }],
        }),
      ).rejects.toMatchObject({ status: 422, message: expect.stringContaining('spec.steps[0].component') as string })
    for (const credential of ['../theirs', 'a/b', 'é', 'a\nb'])
      await expect(
        rig.applyFlow('orders', {
          triggers: [{ name: 'by-hand', manual: {} }],
          steps: [{ name: 'find', component: 'shop', function: 'find', credential }],
        }),
      ).rejects.toMatchObject({ status: 422, message: expect.stringContaining('spec.steps[0].credential') as string })
  })

  /** In a directory whose name is hostile, too, as far as a path can be: the setting is a list with commas. */
  async function hostileComponent(within: string): Promise<string> {
    const directory = join(within, '$(touch pwned) `id` "\' é 💥 ; #')
    await mkdir(directory)
    for (const name of ['pass.js', 'effect.js', 'package.json'])
      await copyFile(join(relay, name), join(directory, name))
    const actions = Object.fromEntries(
      ['pass', 'effect'].map((name) => [`${name} ${hostile}`, { title: hostile, main: `./${name}.js` }]),
    )
    await writeFile(join(directory, 'component.json'), JSON.stringify({ title: hostile, actions }))
    return directory
  }

  async function giveSecret(): Promise<void> {
    const body = { metadata: { name: subdomain }, stringData: { [label(253, 'k')]: hostile } }
    orThrow(await rig.client.request({ method: 'POST', path: pathOf(secrets, { namespace: rig.namespace }), body }))
  }

  async function poolNames(): Promise<readonly string[]> {
    const path = pathOf(deployments, { namespace: rig.namespace })
    const { items } = orThrow(
      await rig.client.request<{ readonly items: readonly KubeObject[] }>({ method: 'GET', path }),
    )
    return items.map(({ metadata }) => metadata.name)
  }
})

function hostileFlow(file: string, component: string): object {
  const called = { component, credential: subdomain, concurrencyPerProcess: 50 }
  return {
    triggers: [
      { name: label(52, 't'), manual: {} },
      { name: label(52, 'w'), webhook: { path: `/${component}/..%2f..%2f/{${'p'.repeat(300)}}`, auth: { none: {} } } },
    ],
    steps: [
      { name: label(52, '1'), ...called, function: `pass ${hostile}`, config: { [hostile]: hostile } },
      { name: label(52, '2'), log: JSON.stringify(hostile) },
      { name: label(52, '3'), ...called, function: `effect ${hostile}`, config: { file, [hostile]: [hostile] } },
    ],
  }
}
