import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { leases, type Lease } from '../../../kube/election/lease.ts'
import { pathOf } from '../../../kube/kube-object.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { clusterRules, leadingRules } from '../../../operator/operator-rules.ts'
import { openKubeApi, type KubeApiServer } from '../../env/kube-api.ts'
import { describeOnOwnKubeApi, limitedToken } from '../../env/kube-tests.ts'
import { callManagement, describeOnServers } from '../../env/servers.ts'
import { progress } from '../../rig/faults/at-rest.ts'
import {
  applyRelay,
  closeAccount,
  openClusterLoad,
  openEffects,
  relayFlow,
  underSteadyLoad,
} from '../../rig/operator/cluster-load.ts'
import { startOperatorProcess, type OperatorUnderTest } from '../../rig/operator/operator-under-test.ts'
import { openOperatorRig, stateOf, type OperatorRig } from '../../rig/operator/operator-rig.ts'

const waiting = { timeout: 240_000, interval: 200 }
/** Writes are told of as soon as they are answered. */
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata, verbs: [create, update, patch, delete, deletecollection]}]
`

interface AuditRecord {
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username: string }
  readonly requestReceivedTimestamp: string
  readonly responseStatus?: { readonly code: number }
}

interface Member {
  /** In the Lease. */
  readonly identity: string
  /** As the API server knows it. */
  readonly user: string
  readonly process: OperatorUnderTest
}

await describeOnOwnKubeApi('A leader that was frozen', () => {
  describeOnServers('under load', ({ rabbit, mongo }) => {
    let opened: AsyncDisposableStack
    let directory: string
    let kubeApi: KubeApiServer
    let rig: OperatorRig
    beforeEach(async () => {
      opened = new AsyncDisposableStack()
      directory = await mkdtemp(join(tmpdir(), 'weir-frozen-'))
      opened.defer(() => rm(directory, { recursive: true, force: true }))
      await writeFile(join(directory, 'policy.yaml'), auditPolicy)
      const flags = [`--audit-policy-file=${directory}/policy.yaml`, `--audit-log-path=${directory}/audit.log`]
      kubeApi = await openKubeApi({ flags })
      opened.defer(kubeApi.close)
      rig = await openOperatorRig({ kubeApi, rabbit, mongo }, { patienceMs: 240_000 })
      opened.defer(rig.close)
    })
    afterEach(() => opened.disposeAsync())

    it('changes nothing when it wakes while another leads', { timeout: 1_200_000 }, async () => {
      const { file, close } = await openEffects()
      opened.defer(close)
      await applyRelay(rig)
      const members = [await enroll('one'), await enroll('two')]
      await rig.applyFlow('orders', relayFlow(file, ['first', 'last']))
      await rig.ready('orders')
      const load = await openClusterLoad(rig, { kubeApi, rabbit, mongo }, { effects: file })
      opened.defer(load.close)
      await load.start('recorder')
      const runner = await load.start('runner')
      const edit = (name: string) => rig.applyFlow('orders', relayFlow(file, ['first', name, 'last']))
      const seen: (readonly AuditRecord[])[] = []
      await underSteadyLoad(load, async () => {
        // Frozen at once after an edit, and when its queues are declared.
        for (const [round, afterMs] of [0, 3_500].entries()) {
          await progress(load, 100)
          await edit(`before-${round}`)
          await pause(afterMs)
          const old = await leaderOf(members)
          old.process.freeze()
          await edit(`after-${round}`)
          await vi.waitFor(async () => expect((await leaderOf(members)).identity).not.toBe(old.identity), waiting)
          // All that the new one has to do is done.
          await vi.waitFor(async () => {
            const state = stateOf(await rig.ready('orders'))
            expect([state?.pending, state?.retiring]).toEqual([undefined, []])
          }, waiting)
          const before = { topology: await topology(), at: new Date().toISOString() }
          old.process.thaw()
          await vi.waitFor(() => expect(old.process.output()).toContain('leading no more'), waiting)
          await progress(load, 300)
          await pause(5_000)
          seen.push(await writesOf(old.user, before.at))
          expect(await topology()).toEqual(before.topology)
          expect((await leaderOf(members)).identity).not.toBe(old.identity)
        }
      })
      const account = await closeAccount(rig, load)
      console.log(
        `${account.sent} sent = ${account.finished} finished + ${account.dead} dead + ${account.discarded} dropped + ${account.waiting} waiting; ` +
          `asked by the woken leaders: ${JSON.stringify(seen.flat().map(({ verb, requestURI }) => `${verb} ${requestURI}`))}`,
      )
      expect(seen.flat().filter(({ responseStatus }) => (responseStatus?.code ?? 0) < 400)).toEqual([])
      // Of those that had written, the audit log must know.
      for (const { user } of members) expect(await writesOf(user, '')).not.toEqual([])
      expect(account).toMatchObject({ lost: [], invented: [], dead: 0, discarded: 0, waiting: 0 })
      expect(account.finished).toBe(account.sent)
      expect(runner.isAlive()).toBe(true)
    })

    /** An operator with an account of its own. */
    async function enroll(identity: string): Promise<Member> {
      const rules = [...clusterRules, ...leadingRules].map(({ apiGroup, resource, verbs }) => ({
        apiGroups: [apiGroup],
        resources: [resource],
        verbs,
      }))
      const token = await limitedToken(rig.client, { namespace: rig.namespace, rules, isClusterWide: true })
      const config = JSON.parse(await readFile(kubeApi.kubeconfig, 'utf8')) as { users: unknown[] }
      config.users = [{ name: 'administrator', user: { token } }]
      const kubeconfig = join(directory, `kubeconfig-${identity}`)
      await writeFile(kubeconfig, JSON.stringify(config))
      const process = startOperatorProcess(
        { kubeApi: { kubeconfig }, rabbit, mongo },
        { WEIR_NAMESPACE: rig.namespace, WEIR_LEASE_NAMESPACE: rig.namespace, WEIR_IDENTITY: identity },
      )
      opened.defer(process.kill)
      const [, claims = ''] = token.split('.')
      const { sub } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { readonly sub: string }
      return { identity, user: sub, process }
    }

    async function leaderOf(members: readonly Member[]): Promise<Member> {
      const path = pathOf(leases, { namespace: rig.namespace, name: 'weir-operator' })
      const { spec } = orThrow(await rig.client.request<Lease>({ method: 'GET', path }))
      const found = members.find(({ identity }) => identity === spec?.holderIdentity)
      if (found === undefined) throw new Error(`nobody leads: ${JSON.stringify(spec)}`)
      return found
    }

    async function writesOf(user: string, since: string): Promise<readonly AuditRecord[]> {
      const text = await readFile(join(directory, 'audit.log'), 'utf8')
      const lines = text.split('\n').filter((line) => line.endsWith('}'))
      const records = lines.map((line) => JSON.parse(line) as AuditRecord)
      return records.filter((one) => one.user.username === user && one.requestReceivedTimestamp > since)
    }

    /** All that lasts in the vhost: queues, exchanges, bindings and policies. */
    async function topology(): Promise<unknown> {
      const vhost = encodeURIComponent(rig.vhost)
      const kinds = ['queues', 'exchanges', 'bindings', 'policies'] as const
      const all = await Promise.all(
        kinds.map((kind) => callManagement(rabbit.managementUrl, 'GET', `/api/${kind}/${vhost}`)),
      )
      return all.map((list) => (list as readonly Readonly<Record<string, unknown>>[]).map(lastingPart).toSorted())
    }
  })
})

function lastingPart(one: Readonly<Record<string, unknown>>): string {
  const { name, type, arguments: given, source, destination, routing_key: key, pattern, definition } = one
  return JSON.stringify([name, type, given, source, destination, key, pattern, definition])
}
