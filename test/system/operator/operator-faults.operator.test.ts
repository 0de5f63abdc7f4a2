import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { resources } from '../../../crds/resources.ts'
import { parseQueueName } from '../../../flow/plan/queue-name.ts'
import { pathOf, type KubeObject } from '../../../kube/kube-object.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { userName } from '../../../runtime/broker/management/decide/plan-vhost.ts'
import { describeOnAll } from '../../env/operator-tests.ts'
import { openRabbit, type RabbitServer } from '../../env/rabbit.ts'
import { callManagement } from '../../env/servers.ts'
import { countingClient, faultyClient, type Fault } from '../../rig/operator/faulty-client.ts'
import {
  openOperatorRig,
  simpleFlow,
  stateOf,
  type OperatorRig,
  type RunningOperator,
} from '../../rig/operator/operator-rig.ts'

const waiting = { timeout: 90_000, interval: 100 }

/** On a machine that has other work, too. */
vi.setConfig({ testTimeout: 400_000, hookTimeout: 300_000 })

describeOnAll('An operator in trouble', (places) => {
  let rig: OperatorRig
  const ends: (() => Promise<unknown>)[] = []
  beforeEach(async () => {
    rig = await openOperatorRig(places)
    ends.push(rig.close)
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  it('makes a vhost, user, policy and queue again that somebody has deleted', async () => {
    rig.start()
    await rig.applyFlow('orders', simpleFlow())
    await rig.ready('orders')
    const [queue = ''] = await rig.queues()
    const vhost = encodeURIComponent(rig.vhost)
    const runner = `/api/users/${encodeURIComponent(userName(rig.vhost, 'runner'))}`
    const policy = `/api/policies/${vhost}/weir-rungs`
    const queuePath = `/api/queues/${vhost}/${encodeURIComponent(queue)}`
    for (const path of [runner, policy, queuePath, `/api/vhosts/${vhost}`]) {
      await manage('DELETE', path)
      await vi.waitFor(async () => {
        for (const wanted of [runner, policy, queuePath]) expect(await manage('GET', wanted)).toBeDefined()
      }, waiting)
    }
    // And edits go on.
    await rig.applyFlow('orders', simpleFlow('"other"'))
    expect(stateOf(await rig.ready('orders'))?.active).toBe(2)
  })

  it('converges whenever it dies between two writes, or loses one: no orphan, nothing twice', async () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const name = `flow-${seed}`
      const fault = (['dieBefore', 'dieAfter', 'before', 'after'] as const)[seed % 4]
      // The life of a flow takes about a dozen writes; each seed harms another one of them.
      await lifeWithFault(name, { fault: fault ?? 'dieAfter', at: seed })
    }
    expect(await revisionNames()).toEqual([])
    await vi.waitFor(async () => expect(await rig.queues()).toEqual([]), waiting)
  })

  async function lifeWithFault(
    name: string,
    { fault, at }: { readonly fault: Fault; readonly at: number },
  ): Promise<void> {
    const dying = Promise.withResolvers<void>()
    let victim: RunningOperator | undefined = undefined
    victim = rig.start({
      client: (client) => faultyClient(client, (write) => (write === at ? fault : undefined), dying.resolve),
    })
    void dying.promise.then(() => victim?.kill())
    const isDeadly = fault.startsWith('die')
    const successor = isDeadly ? dying.promise.then(() => rig.start()) : undefined
    await rig.applyFlow(name, simpleFlow())
    const first = await rig.ready(name)
    await rig.applyFlow(name, simpleFlow('"two"'))
    const flow = await rig.ready(name)
    // A number may be lost with who took it; none is used twice, and the queue is the one of the first.
    expect(stateOf(flow)?.active).toBeGreaterThan(stateOf(first)?.active ?? 0)
    expect(stateOf(flow)?.living).toHaveLength(1)
    const own = (await rig.queues()).filter((queue) => parseQueueName(queue)?.flowUid === flow.metadata.uid)
    expect(own).toHaveLength(1)
    await rig.remove(name)
    // Whoever is not dead by now dies of nothing more.
    await rig.gone(name)
    await victim.stop()
    if (isDeadly) await Promise.race([successor?.then((one) => one.stop()), Promise.resolve()])
    await stopAll()
  }

  /** All that this test has started. */
  async function stopAll(): Promise<void> {
    for (const one of rig.running()) await one.stop()
  }

  it('is led by one of two, and by the other at once when that is told to end', async () => {
    const [first, second] = [rig.start(), rig.start()]
    await vi.waitFor(() => expect([first, second].some(({ operator }) => operator.isLeader())).toBe(true), waiting)
    await rig.applyFlow('orders', simpleFlow())
    await rig.ready('orders')
    const [leader, other] = first.operator.isLeader() ? [first, second] : [second, first]
    expect(other.operator.isLeader()).toBe(false)
    await leader.stop()
    await rig.applyFlow('orders', simpleFlow('"two"'))
    await rig.ready('orders')
    expect(other.operator.isLeader()).toBe(true)
    other.kill()
    rig.start()
    await rig.applyFlow('orders', simpleFlow('"three"'))
    expect(stateOf(await rig.ready('orders'))?.active).toBe(3)
  })

  it('makes 200 flows ready that are applied at once, and writes nothing more when they are', async () => {
    let writes: () => readonly string[] = () => []
    let failures = writes
    let reset = (): void => {}
    rig.start({
      client: (client) => {
        const counted = countingClient(client)
        ;({ writes, failures, reset } = counted)
        return counted.client
      },
    })
    const names = Array.from({ length: 200 }, (_, at) => `flow-${at}`)
    await Promise.all(names.map((name) => rig.applyFlow(name, simpleFlow())))
    await vi.waitFor(async () => expect(await notReady()).toEqual([]), { ...waiting, timeout: 170_000 })
    // Four Secrets are the namespace's.
    const perFlow = (writes().length - failures().length - 4) / names.length
    console.log(`API writes per flow: ${perFlow}`, JSON.stringify([countsOf(writes()), countsOf(failures())]))
    // The finalizer, three states of which the last says that it is ready, a revision and its label. A lease that was lost meanwhile, on a machine with
    // too much to do, leaves a flow half said, which costs a write.
    expect(perFlow).toBeLessThanOrEqual(6 + failures().length / names.length)
    expect(await rig.queues()).toHaveLength(200)
    // Counters come a moment later, once.
    await quiet(() => writes().length)
    reset()
    await pauseFor(10_000)
    expect(writes()).toEqual([])
  })

  async function notReady(): Promise<readonly string[]> {
    const { items } = orThrow(
      await rig.client.request<{ readonly items: readonly KubeObject[] }>({
        method: 'GET',
        path: pathOf(resources.flows, { namespace: rig.namespace }),
      }),
    )
    return items.filter((flow) => !isReady(flow)).map(({ metadata }) => metadata.name)
  }

  async function revisionNames(): Promise<readonly string[]> {
    const path = pathOf(resources.flowRevisions, { namespace: rig.namespace })
    const { items } = orThrow(
      await rig.client.request<{ readonly items: readonly KubeObject[] }>({ method: 'GET', path }),
    )
    return items.map(({ metadata }) => metadata.name)
  }

  function manage(method: 'GET' | 'DELETE', path: string): Promise<unknown> {
    return callManagement(places.rabbit.managementUrl, method, path)
  }
})

describeOnAll('An operator without its broker', (places) => {
  let rabbit: RabbitServer
  let rig: OperatorRig
  beforeEach(async () => {
    rabbit = await openRabbit()
    rig = await openOperatorRig({ ...places, rabbit })
  })
  afterEach(async () => {
    await rig?.close()
    await rabbit?.close()
  })

  it('says so on flows that need it, waits, and goes on by itself when it is back', async () => {
    const operator = rig.start()
    await rig.applyFlow('orders', simpleFlow())
    await rig.applyFlow('resting', simpleFlow('data', { suspend: true }))
    await Promise.all([rig.ready('orders'), rig.ready('resting')])
    await rabbit.kill()
    const flow = await rig.condition('orders', 'BrokerAvailable', 'False')
    expect(flow.status?.conditions?.find(({ type }) => type === 'Reconciling')?.reason).toBe('BrokerUnavailable')
    expect(operator.operator.troubles().join()).toMatch(/RabbitMQ/)
    await rig.applyFlow('orders', simpleFlow('"two"'))
    await rig.condition('orders', 'Reconciling', 'True', 'BrokerUnavailable')
    await rig.applyFlow('late', simpleFlow())
    await rig.condition('late', 'BrokerAvailable', 'False')
    await rig.applyFlow('resting', simpleFlow('"two"', { suspend: true }))
    const resting = await rig.ready('resting', 'Suspended')
    expect(resting.status?.conditions?.map(({ type }) => type)).not.toContain('BrokerAvailable')
    await rabbit.start()
    expect(stateOf(await rig.ready('orders'))?.active).toBe(2)
    const late = await rig.ready('late')
    expect(late.status?.conditions?.map(({ type }) => type)).not.toContain('BrokerAvailable')
  })

  it.each(['goes on', 'begins anew'])(
    'leaves nothing of a flow that came and went meanwhile, when it %s',
    async (how) => {
      const first = rig.start()
      await rig.applyFlow('orders', simpleFlow())
      await rig.ready('orders')
      const before = await rig.queues()
      await rabbit.kill()
      await rig.condition('orders', 'BrokerAvailable', 'False')
      if (how === 'begins anew') {
        await first.stop()
        rig.start()
      }
      await rig.applyFlow('late', simpleFlow())
      await rig.condition('late', 'BrokerAvailable', 'False')
      // Of one that is suspended nothing is wanted of the broker, if it has not begun.
      await rig.applyFlow('late', simpleFlow('data', { suspend: true }))
      await rig.remove('late')
      await rig.condition('late', 'Reconciling', 'True', 'DeletionBlocked')
      await rabbit.start()
      await rig.gone('late')
      await rig.applyFlow('orders', simpleFlow('"two"'))
      await vi.waitFor(async () => expect(stateOf(await rig.ready('orders'))?.active).toBe(2), waiting)
      expect((await rig.queues()).toSorted()).toEqual(before.toSorted())
    },
  )

  it('makes everything anew on a broker that has lost all it had', async () => {
    rig.start()
    for (const name of ['one', 'two']) await rig.applyFlow(name, simpleFlow())
    await Promise.all(['one', 'two'].map((name) => rig.ready(name)))
    const before = await rig.queues()
    // Its users and vhosts with all that is in them, as after `rabbitmqctl reset`.
    const vhost = encodeURIComponent(rig.vhost)
    await callManagement(rabbit.managementUrl, 'DELETE', `/api/vhosts/${vhost}`)
    for (const role of ['operator', 'runner', 'gateway', 'scheduler', 'recorder'] as const)
      await callManagement(
        rabbit.managementUrl,
        'DELETE',
        `/api/users/${encodeURIComponent(userName(rig.vhost, role))}`,
      )
    await rabbit.stop()
    await rabbit.start()
    await vi.waitFor(async () => expect((await rig.queues()).toSorted()).toEqual(before.toSorted()), waiting)
    await rig.applyFlow('three', simpleFlow())
    await rig.ready('three')
  })
})

describe('what tests count', () => {
  it('is the writes, by kind', () => expect(countsOf(['a', 'b', 'a'])).toEqual({ a: 2, b: 1 }))
})

function isReady({ metadata, status }: KubeObject): boolean {
  const { conditions = [], observedGeneration } = (status ?? {}) as {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly observedGeneration?: number
  }
  return (
    observedGeneration === metadata.generation &&
    conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
  )
}

function countsOf(list: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...new Set(list)].map((one) => [one, list.filter((other) => other === one).length]))
}

/** Until it has not changed for three seconds. */
async function quiet(count: () => number): Promise<void> {
  let before = -1
  while (before !== count()) {
    before = count()
    await pauseFor(3_000)
  }
}

function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
