import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resources } from '../../crds/resources.ts'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import { contractIndex } from '../../flow/component/contract-index.ts'
import { contractOf } from '../../flow/component/contract-of.ts'
import { compile } from '../../flow/plan/compile.ts'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { flowStateInStatus } from '../../flow/plan/flow-status.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { apiVersionOf, pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { describeOnKubeApi, freshKind, limitedToken } from '../../test/env/kube-tests.ts'
import { inOneNamespaceOfWeir } from '../../test/env/weir-crds.ts'
import { root, startProgram, weir, weirPath, type Ended } from '../../test/system/cli/weir-process.ts'

const shop = {
  image: 'shop:1',
  dialect: 'oih' as const,
  functions: [
    { name: 'getOrders', kind: 'trigger' as const },
    { name: 'putOrder', kind: 'action' as const },
  ],
}

const spec = {
  triggers: [{ name: 'by-hand', manual: {} }],
  steps: [
    { name: 'shape', transform: 'data.order' },
    { name: 'put', component: 'shop', function: 'putOrder', config: { list: 'new' } },
  ],
}

describeOnKubeApi('weir on a cluster', (place) => {
  let client: KubeClient
  let namespace: string
  const folder = mkdtempSync(join(tmpdir(), 'weir-cluster-'))

  inOneNamespaceOfWeir(place, async (fresh) => {
    ;({ client, namespace } = fresh)
    await create(resources.components, 'shop', { spec: shop })
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function create(resource: Resource, name: string, rest: object, metadata: object = {}): Promise<KubeObject> {
    const body = {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { name, ...(resource.isNamespaced && { namespace }), ...metadata },
      ...rest,
    }
    const path = pathOf(resource, { namespace })
    return orThrow(await client.request<KubeObject>({ method: 'POST', path, body, query: { fieldManager: 'kubectl' } }))
  }

  async function writeStatus(resource: Resource, name: string, status: object): Promise<void> {
    const path = pathOf(resource, { namespace, name, subresource: 'status' })
    const contentType = 'application/merge-patch+json'
    orThrow(await client.request({ method: 'PATCH', path, contentType, body: { status } }))
  }

  async function flowNow(name: string): Promise<KubeObject & { readonly spec: Flow['spec'] }> {
    return orThrow(await client.request({ method: 'GET', path: pathOf(resources.flows, { namespace, name }) }))
  }

  /** A flow whose revisions are there, as the operator would have left it; the last one is active. */
  async function createFlow(name: string, specs: readonly object[], metadata: object = {}): Promise<KubeObject> {
    const last = specs.at(-1)
    const flow = await create(resources.flows, name, { spec: last }, metadata)
    const uid = flow.metadata.uid ?? ''
    const plans = specs.map((spec, at) => planOf(name, { uid, spec, revision: at + 1 }))
    for (const plan of plans) {
      const labels = { 'weir.dev/flow-uid': uid, 'weir.dev/state': plan === plans.at(-1) ? 'current' : 'old' }
      const ownerReferences = [{ apiVersion: 'weir.dev/v1alpha1', kind: 'Flow', name, uid }]
      const revision = { flow: name, revision: plan.revision, hash: plan.hash, plan }
      await create(resources.flowRevisions, `${uid}-${plan.revision}`, { spec: revision }, { labels, ownerReferences })
    }
    const active = plans.at(-1)
    if (active !== undefined) await writeStatus(resources.flows, name, statusOf(active, namespace))
    return flow
  }

  function planOf(name: string, { uid, spec, revision }: { uid: string; spec: object; revision: number }): Plan {
    const { contract } = contractOf({ kind: 'Component', name: 'shop', namespace, spec: shop })
    const flow = { apiVersion: 'weir.dev/v1alpha1', kind: 'Flow', metadata: { name, namespace, uid }, spec } as Flow
    return compile(flow, { contracts: contractIndex(contract === undefined ? [] : [contract]), revision })
  }

  function cli(...words: string[]): Promise<Ended> {
    return weir([...words, '--kubeconfig', place.kubeconfig, '-n', namespace], { cwd: folder })
  }

  function write(file: string, name: string, spec: object): string {
    const manifest = { apiVersion: 'weir.dev/v1alpha1', kind: 'Flow', metadata: { name }, spec }
    writeFileSync(join(folder, file), JSON.stringify(manifest))
    return file
  }

  describe('get', () => {
    beforeAll(async () => {
      await createFlow('get-a', [spec], { labels: { team: 'a' } })
      await create(resources.flows, 'get-b', { spec })
    })

    it('shows the columns that kubectl shows', async () => {
      const { stdout, code } = await cli('get', 'flows')
      const [head, first, second] = stdout.split('\n')
      expect(head).toMatch(/^NAME +READY +REASON +REVISION +BACKLOG +DEAD +LAST RUN +AGE$/)
      expect(first).toMatch(/^get-a +True +Running +1 +3 +0 +\d+s$/)
      expect(second).toMatch(/^get-b +\d+s$/)
      expect(code).toBe(0)
    })

    it('shows more of it wide, all namespaces, and what has a label', async () => {
      expect((await cli('get', 'fl', '-o', 'wide')).stdout).toMatch(/NEXT RUN +LAST ERROR/)
      const everywhere = await cli('get', 'flows', '-A')
      expect(everywhere.stdout).toMatch(new RegExp(`^NAMESPACE +NAME`))
      expect(everywhere.stdout).toMatch(new RegExp(`^${namespace} +get-a `, 'm'))
      const labelled = await cli('get', 'flows', '-l', 'team=a')
      expect(labelled.stdout).toContain('get-a')
      expect(labelled.stdout).not.toContain('get-b')
    })

    it('prints objects as they are, without what the server notes for itself', async () => {
      const { stdout } = await cli('get', 'flow/get-b', '-o', 'json')
      expect(JSON.parse(stdout)).toMatchObject({ kind: 'Flow', metadata: { name: 'get-b', namespace }, spec })
      expect(stdout).not.toContain('managedFields')
      const { stdout: text } = await cli('get', 'flow', 'get-b', '-o', 'yaml')
      expect(text).toMatch(/^apiVersion: weir.dev\/v1alpha1\nkind: Flow\nmetadata:\n/)
      expect((await cli('get', 'flows,components', '-o', 'name')).stdout.split('\n')).toEqual(
        expect.arrayContaining(['flow.weir.dev/get-a', 'flow.weir.dev/get-b', 'component.weir.dev/shop']),
      )
    })

    it('lists revisions', async () => {
      expect((await cli('get', 'revisions')).stdout).toMatch(/get-a +1 +current/)
    })

    it('says what may have been meant', async () => {
      const wrongName = await cli('get', 'flow', 'get-ab')
      expect(wrongName).toMatchObject({ code: 2, stdout: '' })
      expect(wrongName.stderr).toBe(
        `error: there is no Flow "get-ab" in namespace "${namespace}": did you mean "get-a"?\n`,
      )
      expect((await cli('get', 'flwos')).stderr).toContain('did you mean "flows"?')
      expect((await cli('get', 'credentials')).stderr).toBe(`no credentials in namespace ${namespace}\n`)
    })
  })

  describe('describe', () => {
    it('shows conditions, the graph of the plan that runs, revisions and Events', async () => {
      const flow = await createFlow('described', [{ ...spec, steps: spec.steps.slice(0, 1) }, spec])
      await create(eventKind, 'described.1', {
        involvedObject: { kind: 'Flow', name: 'described', namespace, uid: flow.metadata.uid },
        type: 'Warning',
        reason: 'StepUnknown',
        message: 'something\u001b[2J happened',
        count: 3,
        lastTimestamp: new Date(Date.now() - 120_000).toISOString(),
      })
      const { stdout, code } = await cli('describe', 'flow', 'described')
      expect(code).toBe(0)
      expect(stdout).toMatch(/^Name: +described$/m)
      expect(stdout).toMatch(/^Revision: +2 active$/m)
      expect(stdout).toMatch(/^Trigger: +by-hand \(manual\)$/m)
      expect(stdout).toMatch(/^ {2}Ready +True +Running +\d+[smhd]\S* +all is well$/m)
      expect(stdout).toMatch(/^Steps of revision 2:$/m)
      expect(stdout).toMatch(/^ {2}shape +transform +- +- +→ put$/m)
      expect(stdout).toMatch(/^ {2}put +shop putOrder +- +- +ends here$/m)
      expect(stdout).toContain('waiting messages and rates are not known: none of its pods runs now')
      expect(stdout).toMatch(/^ {2}2 +active +\w{12} +\d+s$/m)
      expect(stdout).toMatch(/^ {2}1 +old /m)
      expect(stdout).toMatch(/^ {2}2m\d*s? +Warning +StepUnknown +3 +something happened$/m)
    })

    it('says that the plan of the active revision is gone, as when its namespace is', async () => {
      const { uid = '' } = (await createFlow('planless', [spec])).metadata
      const path = pathOf(resources.flowRevisions, { namespace, name: `${uid}-1` })
      orThrow(await client.request({ method: 'DELETE', path }))
      const { stdout } = await cli('describe', 'flow/planless')
      expect(stdout).toMatch(/^Steps, as written: the plan of revision 1 is gone:$/m)
    })

    it('shows a flow that nobody has looked at, and other kinds', async () => {
      await create(resources.flows, 'unseen', { spec })
      const { stdout } = await cli('describe', 'flow/unseen')
      expect(stdout).toMatch(/^Revision: +none active$/m)
      expect(stdout).toMatch(/^Steps, as written: no plan runs:$/m)
      expect((await cli('describe', 'component', 'shop')).stdout).toMatch(
        /^Functions: +getOrders \(trigger\), putOrder \(action\)$/m,
      )
    })
  })

  describe('lint', () => {
    it('knows what the cluster has, and takes what neither has for an error', async () => {
      expect(await cli('lint', write('fine.json', 'fine', spec))).toMatchObject({ code: 0, stdout: '' })
      const misspelt = { ...spec, steps: [{ ...spec.steps[1], component: 'shopp' }] }
      const { stdout, code } = await cli('lint', write('wrong.json', 'wrong', misspelt))
      expect(code).toBe(1)
      expect(stdout).toMatch(
        /^wrong\.json:1:\d+: error UnknownComponent .*in the files or the cluster: did you mean "shop"\?$/m,
      )
      const wrongFunction = { ...spec, steps: [{ ...spec.steps[1], function: 'putOrders' }] }
      expect((await cli('lint', write('wrong.json', 'wrong', wrongFunction))).stdout).toContain(
        'did you mean "putOrder"?',
      )
    })

    it('looks at a flow as it is there, and applies nothing', async () => {
      const wrong = { ...spec, steps: [{ ...spec.steps[1], credential: 'nobody' }] }
      await create(resources.flows, 'linted', { spec: wrong })
      const { stdout, code } = await cli('lint', '--flow', 'linted')
      expect(code).toBe(1)
      expect(stdout).toMatch(/^flow\/linted:\d+:\d+: error UnknownCredential /m)
      expect((await flowNow('linted')).spec).toEqual(wrong)
    })

    it('tells of a path that another flow of the cluster has', async () => {
      const hook = { ...spec, triggers: [{ name: 'hook', webhook: { path: '/same', auth: { none: {} } } }] }
      await create(resources.flows, 'hooked', { spec: hook })
      const { stdout, code } = await cli('lint', write('hook.json', 'second', hook))
      expect(stdout).toContain('WebhookPath')
      expect(code).toBe(1)
      expect(await cli('lint', write('hook.json', 'hooked', hook))).toMatchObject({ code: 0, stdout: '' })
    })
  })

  describe('plan', () => {
    it('shows what an edit changes, with the number and the queues that it would get', async () => {
      await createFlow('planned', [spec])
      const edited = {
        ...spec,
        steps: [spec.steps[0], { ...spec.steps[1], config: { list: 'all' }, timeoutSeconds: 5 }],
      }
      const { stdout, code } = await cli('plan', write('planned.json', 'planned', edited))
      expect(code).toBe(1)
      expect(stdout).toMatch(/planned: revision 1 → 2$/m)
      expect(stdout).toMatch(/^- .*list: "new"$/m)
      expect(stdout).toMatch(/^\+ .*list: "all"$/m)
      // The queue is the one that is there.
      expect(stdout).not.toMatch(/^[+-].*queue/m)
    })

    it('says that nothing changes, of the file and of what is applied', async () => {
      await createFlow('same', [spec])
      const same = await cli('plan', write('same.json', 'same', spec))
      expect(same).toMatchObject({ code: 0, stdout: '', stderr: `${namespace}/same: nothing changes\n` })
      expect(await cli('plan', '--flow', 'same')).toMatchObject({ code: 0, stdout: '' })
      expect((await cli('plan', write('new.json', 'new', spec))).stdout).toMatch(/\/new: new\n\+flow /)
    })
  })

  describe('suspend and resume', () => {
    it('set the field as the user, once', async () => {
      await createFlow('stopped', [spec])
      expect((await cli('suspend', 'stopped', '--dry-run=server')).stdout).toBe(
        'flow.weir.dev/stopped suspended (server dry run)\n',
      )
      expect((await flowNow('stopped')).spec.suspend).toBeUndefined()
      expect(await cli('suspend', 'flow/stopped')).toMatchObject({
        code: 0,
        stdout: 'flow.weir.dev/stopped suspended\n',
        stderr: '',
      })
      const flow = await flowNow('stopped')
      expect(flow.spec.suspend).toBe(true)
      const fields = flow.metadata['managedFields'] as { manager: string; fieldsV1: { 'f:spec'?: object } }[]
      expect(fields.find(({ manager }) => manager === 'kubectl-weir')?.fieldsV1).toEqual({
        'f:spec': { 'f:suspend': {} },
      })
      expect((await cli('suspend', 'stopped')).stdout).toBe('flow.weir.dev/stopped is suspended already\n')
      expect((await cli('resume', 'stopped')).stdout).toBe('flow.weir.dev/stopped resumed\n')
      expect((await flowNow('stopped')).spec).toEqual(spec)
      expect((await cli('resume', 'stopped')).stdout).toBe('flow.weir.dev/stopped is resumed already\n')
    })

    it('change nothing when one of the names is wrong', async () => {
      await createFlow('right', [spec])
      expect((await cli('suspend', 'right', 'wrong')).code).toBe(2)
      expect((await flowNow('right')).spec.suspend).toBeUndefined()
    })

    it('say that a GitOps tool will set it back', async () => {
      const body = {
        apiVersion: 'weir.dev/v1alpha1',
        kind: 'Flow',
        metadata: { name: 'git', namespace },
        spec: { ...spec, suspend: false },
      }
      const query = { fieldManager: 'kustomize-controller' }
      const path = pathOf(resources.flows, { namespace, name: 'git' })
      orThrow(await client.request({ method: 'PATCH', path, query, body, contentType: 'application/apply-patch+yaml' }))
      const { stdout, stderr } = await cli('suspend', 'git')
      expect(stdout).toBe('flow.weir.dev/git suspended\n')
      expect(stderr).toBe(
        'warning: spec.suspend comes from Flux (kustomize-controller), which will set it back: change it in its source too\n',
      )
    })

    it('freeze, too', async () => {
      await createFlow('frozen', [spec])
      expect((await cli('suspend', '--freeze', 'frozen')).stdout).toBe('flow.weir.dev/frozen frozen\n')
      expect((await flowNow('frozen')).spec.freeze).toBe(true)
      expect((await cli('resume', 'frozen')).stdout).toBe('flow.weir.dev/frozen resumed\n')
      expect((await flowNow('frozen')).spec.freeze).toBeUndefined()
    })
  })

  describe('rollback', () => {
    it('pins the revision before, one that is named, and lets go', async () => {
      await createFlow('back', [
        { ...spec, steps: spec.steps.slice(0, 1) },
        { ...spec, steps: spec.steps.slice(1) },
        spec,
      ])
      expect((await cli('rollback', 'back')).stdout).toBe('flow.weir.dev/back pinned to revision 2\n')
      expect((await flowNow('back')).spec.revision).toBe(2)
      expect((await cli('rollback', 'back', '--to-revision', '1')).stdout).toContain('pinned to revision 1')
      const none = await cli('rollback', 'back', '--to-revision', '7')
      expect(none).toMatchObject({ code: 2, stderr: 'error: revision 7 is not kept; there is 3, 2 and 1\n' })
      expect((await cli('rollback', 'back', '--unpin')).stdout).toBe('flow.weir.dev/back unpinned\n')
      expect((await flowNow('back')).spec.revision).toBeUndefined()
    })

    it('says that there is none before', async () => {
      await createFlow('first', [spec])
      expect((await cli('rollback', 'first')).stderr).toBe('error: no older revision is kept; there is 1\n')
    })
  })

  describe('wait', () => {
    it('ends when it is so, and not for an earlier edit', async () => {
      await createFlow('waited', [spec])
      expect(await cli('wait', 'flow/waited')).toMatchObject({
        code: 0,
        stdout: 'flow.weir.dev/waited condition met\n',
      })
      await cli('suspend', 'waited')
      const late = await cli('wait', 'flow', 'waited', '--timeout', '1')
      expect(late).toMatchObject({ code: 1, stdout: '' })
      expect(late.stderr).toContain('timed out: the operator has not looked at the latest edit')
      const waiting = cli('wait', 'flow', 'waited', '--timeout', '60')
      await writeStatus(resources.flows, 'waited', { conditions: [condition('Ready', 'True', 2)] })
      expect(await waiting).toMatchObject({ code: 0 })
    })

    it('ends at once when it will never be so, and when the object is gone', async () => {
      await create(resources.flows, 'stuck', { spec })
      await writeStatus(resources.flows, 'stuck', {
        conditions: [condition('Ready', 'False', 1), condition('Stalled', 'True', 1)],
      })
      const stuck = await cli('wait', 'flow', 'stuck', '--timeout', '60')
      expect(stuck.code).toBe(1)
      expect(stuck.stderr).toContain('will not be so by waiting: Stalled is True')
      expect((await cli('wait', 'flow/nobody', '--for=delete')).stdout).toBe('flow.weir.dev/nobody deleted\n')
    })
  })

  describe('logs and trigger', () => {
    it('say that there is no pod, and which step there is', async () => {
      await createFlow('quiet', [spec])
      expect((await cli('logs', 'quiet')).stderr).toContain('flow "quiet" has no pods in namespace')
      expect((await cli('logs', 'quiet', '--step', 'shap')).stderr).toContain('has no step "shap"; there is shape, put')
    })

    it('say why nothing can be started', async () => {
      await create(resources.flows, 'young', { spec })
      expect((await cli('trigger', 'young')).stderr).toContain('flow "young" has no active revision yet')
      await createFlow('asleep', [{ ...spec, suspend: true }])
      expect((await cli('trigger', 'asleep')).stderr).toContain('is suspended: weir resume asleep')
      await createFlow('ready', [spec])
      expect((await cli('trigger', 'ready')).stderr).toContain(
        'has no Secret "weir-runner" with the addresses of its servers',
      )
      expect((await cli('trigger', 'ready', '--data', '{')).stderr).toContain('--data is not valid JSON')
    })
  })

  describe('a cluster that cannot be used', () => {
    it('is named, with what to do', async () => {
      const kubeconfig = join(folder, 'nobody')
      const none = await weir(['get', 'flows', '--kubeconfig', kubeconfig])
      expect(none).toMatchObject({ code: 2 })
      expect(none.stderr).toMatch(/^error: no cluster: .*kubectl config get-contexts/)
      const nothing = await weir(['get', 'flows'], { env: { HOME: folder, KUBECONFIG: '' } })
      expect(nothing.stderr).toContain('no cluster is configured: set KUBECONFIG')
      writeFileSync(kubeconfig, kubeconfigText('https://127.0.0.1:1', 'x'))
      const silent = await weir(['get', 'flows', '--kubeconfig', kubeconfig])
      expect(silent.stderr).toMatch(
        /^error: the cluster at https:\/\/127\.0\.0\.1:1 cannot be reached \(.*ECONNREFUSED/,
      )
      expect((await cli('get', 'flows', '--context', 'nobody')).stderr).toContain('has no context "nobody"')
    })

    it('refuses: that is told in words of its rights', async () => {
      const rules = [{ apiGroups: ['weir.dev'], resources: ['components'], verbs: ['list'] }]
      const token = await limitedToken(client, { namespace, rules })
      const kubeconfig = join(folder, 'limited')
      const { url, ca } = await serverOf(place.kubeconfig)
      writeFileSync(kubeconfig, kubeconfigText(url, token, ca))
      const refused = await weir(['get', 'flows', '-n', namespace, '--kubeconfig', kubeconfig])
      expect(refused.stderr).toContain(`error: you may not get flows in namespace "${namespace}"`)
      writeFileSync(kubeconfig, kubeconfigText(url, 'nobody', ca))
      const unknown = await weir(['get', 'flows', '-n', namespace, '--kubeconfig', kubeconfig])
      expect(unknown.stderr).toContain('does not accept your credentials: log in again')
    })
  })

  it('is kubectl weir under that name', async () => {
    const link = join(folder, 'kubectl-weir')
    symlinkSync(weirPath, link)
    const words = ['--kubeconfig', place.kubeconfig, '-n', namespace]
    const help = await startProgram(process.execPath, [link, '--help'], { cwd: root }).ended
    expect(help.stdout).toContain('Usage: kubectl weir ')
    const linted = await startProgram(process.execPath, [link, 'lint', '--flow', 'get-a', ...words], { cwd: root })
      .ended
    expect(linted).toMatchObject({ code: 0, stdout: '' })
  })

  it('says that its kinds are missing', async () => {
    const { failureAdvice } = await import('./failure-advice.ts')
    const { group } = await freshKind(client)
    const answer = await client.request({ method: 'GET', path: `/apis/${group}/v1/nothings` })
    const advice =
      answer.kind === 'failed' && failureAdvice(answer.failure, { what: 'list flows', server: 'S', namespace })
    expect(advice).toMatchObject({
      message: "the cluster at S does not know Weir's kinds: install them (kubectl apply -f crds/generated)",
    })
  })
})

const eventKind: Resource = { group: '', version: 'v1', kind: 'Event', plural: 'events', isNamespaced: true }

function condition(type: string, status: string, observedGeneration: number): object {
  const lastTransitionTime = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z/, 'Z')
  return { type, status, observedGeneration, reason: 'Running', message: 'all is well', lastTransitionTime }
}

function statusOf(plan: Plan, namespace: string): object {
  const state: FlowState = {
    flow: plan.flow.uid,
    namespace,
    name: plan.flow.name,
    lastRevision: plan.revision,
    active: plan.revision,
    kept: [{ revision: plan.revision, hash: plan.hash }],
    living: plan.stages.map(({ queue, name, pool, singleActiveConsumer }) => ({
      queue,
      step: name,
      pool,
      singleActiveConsumer,
      revision: plan.revision,
    })),
    retiring: [],
    suspended: false,
    frozen: false,
  }
  return {
    observedGeneration: 1,
    activeRevision: plan.revision,
    backlog: 3,
    deadLetters: 0,
    conditions: [condition('Ready', 'True', 1)],
    state: flowStateInStatus({ state, version: 1 }),
  }
}

function kubeconfigText(server: string, token: string, ca?: string): string {
  const cluster = { server, ...(ca !== undefined && { 'certificate-authority-data': ca }) }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })
}

async function serverOf(kubeconfig: string): Promise<{ url: string; ca: string | undefined }> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const cluster = config.getCurrentCluster()
  return { url: cluster?.server ?? '', ca: cluster?.caData }
}
