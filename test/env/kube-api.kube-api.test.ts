import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, it } from 'vitest'
import { resources } from '../../crds/resources.ts'
import { pathOf } from '../../kube/kube-object.ts'
import { openKubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { findKubeApi, findKubeProgram } from './kube-api-program.ts'
import { openKubeApi } from './kube-api.ts'
import { openSharedKubeApi } from './kube-servers.ts'
import { accessTo, describeOnOwnKubeApi, freshNamespace, limitedToken } from './kube-tests.ts'
import { applyCrds } from './weir-crds.ts'

const run = promisify(execFile)

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

it('takes what KUBEBUILDER_ASSETS names, or says what is missing there', async () => {
  const missing = await findKubeApi({ KUBEBUILDER_ASSETS: 'nowhere' })
  const reason = 'KUBEBUILDER_ASSETS is set, and there is no nowhere/etcd and no nowhere/kube-apiserver'
  expect(missing).toEqual({ kind: 'missing', reason })
  const directory = await mkdtemp(join(tmpdir(), 'weir-assets-'))
  ends.push(() => rm(directory, { recursive: true }))
  for (const name of ['etcd', 'kube-apiserver']) await symlink(process.execPath, join(directory, name))
  const [etcd, server] = ['etcd', 'kube-apiserver'].map((name) => join(directory, name))
  expect(await findKubeApi({ KUBEBUILDER_ASSETS: directory })).toEqual({ kind: 'found', etcd, server })
})

await describeOnOwnKubeApi('an API server of one’s own', () => {
  it('is taken by KUBECONFIG, and refused when it has Flows that no test has made', async () => {
    const server = await openKubeApi()
    ends.push(server.close)
    const { kubeconfig } = server
    const take = (): ReturnType<typeof openSharedKubeApi> => openSharedKubeApi({ KUBECONFIG: kubeconfig })
    expect((await take()).found).toEqual({ kind: 'found', kubeconfig })
    const client = openKubeClient({ access: accessTo(server), userAgent: 'test' })
    ends.push(client.close)
    await applyCrds(client)
    const spec = { triggers: [{ name: 'by-hand', manual: {} }], steps: [{ name: 'log', log: '"here"' }] }
    const make = async (namespace: string): Promise<void> => {
      const body = { apiVersion: 'weir.dev/v1alpha1', kind: 'Flow', metadata: { name: 'orders' }, spec }
      orThrow(await client.request({ method: 'POST', path: pathOf(resources.flows, { namespace }), body }))
    }
    await make((await freshNamespace(client)).namespace)
    expect((await take()).found).toEqual({ kind: 'found', kubeconfig })
    await make('default')
    await expect(take()).rejects.toThrow('the Flow orders in the namespace default, which no test has made')
  })

  it('comes back with its data, killed or stopped, and knows its users again', async () => {
    const server = await openKubeApi()
    ends.push(server.close)
    const administrator = openKubeClient({ access: accessTo(server), userAgent: 'test' })
    ends.push(administrator.close)
    const { namespace } = await freshNamespace(administrator)
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }]
    const token = await limitedToken(administrator, { namespace, rules })
    const limited = openKubeClient({ access: accessTo({ ...server, token }), userAgent: 'test' })
    ends.push(limited.close)
    const path = `/api/v1/namespaces/${namespace}`
    for (const end of [server.kill, server.stop]) {
      const pid = server.pid()
      await end()
      expect(() => process.kill(pid, 0)).toThrow('ESRCH')
      await server.start()
      expect(server.pid()).not.toBe(pid)
      orThrow(await administrator.request({ method: 'GET', path }))
      orThrow(await limited.request({ method: 'GET', path: `${path}/configmaps` }))
      const refused = await limited.request({ method: 'GET', path: `${path}/secrets` })
      expect(refused).toMatchObject({ failure: { status: 403, reason: 'Forbidden' } })
    }
  })

  it('says what it did not like when it does not start', async () => {
    await expect(openKubeApi({ flags: ['--no-such-flag'] })).rejects.toThrow('no-such-flag')
  })

  // Its kubectl is built at the first time.
  it('is reached by kubectl', { timeout: 1_800_000 }, async () => {
    const server = await openKubeApi()
    ends.push(server.close)
    const kubectl = await findKubeProgram('kubectl')
    const { stdout } = await run(kubectl, ['--kubeconfig', server.kubeconfig, 'auth', 'whoami', '--output=name'])
    expect(stdout).toContain('selfsubjectreview')
  })
})
