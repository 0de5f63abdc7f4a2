import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { KubeApiPlace } from '../../test/env/kube-servers.ts'
import { describeOnKubeApi, inFreshNamespaces } from '../../test/env/kube-tests.ts'
import { systemClock } from '../clock.ts'
import { pathOf, type KubeObject, type Resource } from '../kube-object.ts'
import type { KubeClient } from '../transport/kube-client.ts'
import { orThrow } from '../transport/kube-error.ts'
import { openElection, type Election, type ElectionOptions } from './election.ts'
import { fencedClient } from './fenced-client.ts'
import { leases, type Lease } from './lease.ts'

const maps: Resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', isNamespaced: true }
const waiting = { timeout: 90_000, interval: 10 }
const timing = { leaseMs: 3_000, renewWithinMs: 2_000, retryMs: 300 }

describeOnKubeApi('an election', (place) => {
  let client: KubeClient
  let namespace: string
  inFreshNamespaces(place, (fresh) => ({ client, namespace } = fresh))

  /** Takes part until the test is over; keeps who began and ended. */
  function stand(identity: string, log: string[], options: Partial<ElectionOptions> = {}) {
    const election = openElection({ client, namespace, name: 'lead', identity, timing, ...options })
    const stop = new AbortController()
    const running = election.run(stop.signal, async (leading) => {
      log.push(`${identity} begins`)
      if (!leading.aborted) await new Promise((resolve) => leading.addEventListener('abort', resolve, { once: true }))
      log.push(`${identity} ends`)
    })
    const end = async (): Promise<void> => {
      stop.abort()
      await running
    }
    onTestFinished(end)
    return { election, end }
  }

  async function lease(): Promise<Lease> {
    return orThrow(await client.request<Lease>({ method: 'GET', path: pathOf(leases, { namespace, name: 'lead' }) }))
  }

  function leadersOf(...all: readonly { readonly election: Election }[]): number {
    return all.filter(({ election }) => election.isLeader()).length
  }

  it('has one leader, who is followed at once when it ends', async () => {
    const log: string[] = []
    const [one, two, three] = ['one', 'two', 'three'].map((identity) => stand(identity, log))
    const all = [one!, two!, three!]
    await vi.waitFor(() => expect(leadersOf(...all)).toBe(1), waiting)
    const first = all.find(({ election }) => election.isLeader())!
    const name = log[0]!.split(' ')[0]
    await vi.waitFor(() => expect(all.map(({ election }) => election.leader())).toEqual([name, name, name]), waiting)
    await first.end()
    expect(first.election.isLeader()).toBe(false)
    await vi.waitFor(() => expect(leadersOf(...all)).toBe(1), waiting)
    expect(log.slice(0, 2)).toEqual([`${name} begins`, `${name} ends`])
    expect(log[2]).toMatch(/^(?!one ends).* begins$/)
    const { spec } = await lease()
    expect(spec?.renewTime).toMatch(/\.\d{6}Z$/)
    expect(spec?.leaseTransitions).toBeGreaterThanOrEqual(1)
  })

  it('ends a leader whose server does not answer before another begins', async () => {
    const log: string[] = []
    let isCut = false
    const cut: KubeClient = {
      ...client,
      request: (request) => client.request(isCut ? { ...request, mayBeSent: () => false } : request),
    }
    const one = stand('one', log, { client: cut })
    await vi.waitFor(() => expect(one.election.isLeader()).toBe(true), waiting)
    const two = stand('two', log)
    isCut = true
    await vi.waitFor(() => expect(two.election.isLeader()).toBe(true), waiting)
    expect(log).toEqual(['one begins', 'one ends', 'two begins'])
    expect(one.election.isLeader()).toBe(false)
    isCut = false
    await two.end()
    await vi.waitFor(() => expect(one.election.isLeader()).toBe(true), waiting)
  })

  it('compares no clocks', async () => {
    const log: string[] = []
    const skewed = (byMs: number) => ({ ...systemClock, now: () => Date.now() + byMs })
    const one = stand('one', log, { clock: skewed(-86_400_000) })
    await vi.waitFor(() => expect(one.election.isLeader()).toBe(true), waiting)
    const two = stand('two', log, { clock: skewed(86_400_000) })
    // Longer than the lease by two's own clock.
    await vi.waitFor(() => expect(two.election.leader()).toBe('one'), waiting)
    const renewed = (await lease()).spec?.renewTime ?? ''
    await vi.waitFor(async () => {
      const { spec } = await lease()
      expect(Date.parse(spec?.renewTime ?? '') - Date.parse(renewed)).toBeGreaterThan(timing.leaseMs)
    }, waiting)
    expect(log).toEqual(['one begins'])
  })

  it('gives way when it was stopped for too long, and believes nothing when it wakes', async () => {
    const log: string[] = []
    let stalledMs = 0
    const clock = { ...systemClock, elapsed: () => performance.now() + stalledMs }
    const one = stand('one', log, { clock })
    await vi.waitFor(() => expect(one.election.isLeader()).toBe(true), waiting)
    stalledMs = 1_900
    await vi.waitFor(() => expect(log.slice(0, 2)).toEqual(['one begins', 'one ends']), waiting)
    await vi.waitFor(() => expect(one.election.isLeader()).toBe(true), waiting)
    stalledMs += 2_001
    // No timer has run.
    expect(one.election.isLeader()).toBe(false)
  })

  it('lets a process that was frozen write nothing when it is woken after another has begun', async () => {
    const path = pathOf(maps, { namespace })
    orThrow(await client.request({ method: 'POST', path, body: { metadata: { name: 'log' }, data: {} } }))
    const write = (through: KubeClient, identity: string) => {
      const body = { data: { by: identity } }
      const contentType = 'application/merge-patch+json'
      return through.request<KubeObject>({ method: 'PATCH', path: `${path}/log`, contentType, body })
    }
    const other = await startLeader(place, namespace)
    await vi.waitFor(() => expect(other.lines.filter((line) => line === 'written').length).toBeGreaterThan(3), waiting)
    process.kill(other.pid, 'SIGSTOP')
    const log: string[] = []
    const { election } = stand('here', log)
    await vi.waitFor(() => expect(election.isLeader()).toBe(true), waiting)
    const written = orThrow(await write(fencedClient(client, election.isLeader), 'here'))
    process.kill(other.pid, 'SIGCONT')
    await vi.waitFor(() => expect(other.lines).toContain('ended'), waiting)
    await vi.waitFor(() => expect(other.lines).toContain('follows here'), waiting)
    // Asked of the server: the process may still tell of what was answered just before it was frozen.
    expect(orThrow(await client.request<KubeObject>({ method: 'GET', path: `${path}/log` }))).toEqual(written)
  })

  it('fails as fenced what may not be written, and reads', async () => {
    let isLeader = false
    const fenced = fencedClient(client, () => isLeader)
    const create = () =>
      fenced.request({ method: 'POST', path: pathOf(maps, { namespace }), body: { metadata: { name: 'a' } } })
    expect(await create()).toMatchObject({ kind: 'failed', failure: { kind: 'fenced', reason: 'Fenced', status: 0 } })
    expect(await fenced.request({ method: 'GET', path: pathOf(maps, { namespace }) })).toMatchObject({ kind: 'done' })
    isLeader = true
    expect(await create()).toMatchObject({ kind: 'done' })
  })
})

/** A process that writes through a fenced client as long as it leads, and says so. */
async function startLeader({ kubeconfig }: KubeApiPlace, namespace: string) {
  const from = (path: string): string => JSON.stringify(join(import.meta.dirname, '..', path))
  const program = `
    const { kubeconfigAccess } = await import(${from('transport/kubeconfig-access.ts')})
    const { openKubeClient } = await import(${from('transport/kube-client.ts')})
    const { openElection } = await import(${from('election/election.ts')})
    const { fencedClient } = await import(${from('election/fenced-client.ts')})
    const client = openKubeClient({ access: await kubeconfigAccess({ path: ${JSON.stringify(kubeconfig)} }), userAgent: 'frozen' })
    const parts = { client, namespace: ${JSON.stringify(namespace)}, name: 'lead', identity: 'frozen', timing: ${JSON.stringify(timing)} }
    const election = openElection(parts)
    const fenced = fencedClient(client, election.isLeader)
    const path = '/api/v1/namespaces/${namespace}/configmaps/log'
    const request = { method: 'PATCH', path, contentType: 'application/merge-patch+json', body: { data: { by: 'frozen' } } }
    setInterval(async () => {
      const { kind } = await fenced.request(request)
      if (kind === 'done') console.log('written')
      else if (election.leader() !== 'frozen') console.log('follows ' + election.leader())
    }, 20)
    await election.run(new AbortController().signal, async (leading) => {
      await new Promise((resolve) => leading.addEventListener('abort', resolve))
      console.log('ended')
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  onTestFinished(async () => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  })
  return { pid: child.pid ?? 0, lines }
}
