import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { pathOf, type KubeObject } from '../../../kube/kube-object.ts'
import { leases, type Lease } from '../../../kube/election/lease.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { describeOnAll } from '../../env/operator-tests.ts'
import { startOperatorProcess, type OperatorUnderTest } from '../../rig/operator/operator-under-test.ts'
import { openOperatorRig, simpleFlow, stateOf, type OperatorRig } from '../../rig/operator/operator-rig.ts'

const waiting = { timeout: 90_000, interval: 100 }

describeOnAll('The operator as a process', (places) => {
  let rig: OperatorRig
  const started: OperatorUnderTest[] = []
  beforeEach(async () => {
    rig = await openOperatorRig(places)
  })
  afterEach(async () => {
    for (const one of started.splice(0)) await one.kill()
    await rig?.close()
  })

  function start(more: Readonly<Record<string, string>> = {}): OperatorUnderTest {
    const one = startOperatorProcess(places, {
      WEIR_NAMESPACE: rig.namespace,
      WEIR_LEASE_NAMESPACE: rig.namespace,
      ...more,
    })
    started.push(one)
    return one
  }

  it('serves probes and metrics, and gives up its lease when it is told to end', async () => {
    const operator = start()
    const url = await operator.url()
    await rig.applyFlow('orders', simpleFlow())
    await rig.ready('orders')
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), waiting)
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toMatch(/controller_runtime_reconcile_total\{controller="flow",result="success"\} [1-9]/)
    expect(metrics).toMatch(/leader_election_master_status\{name="weir-operator"\} 1/)
    expect((await lease()).spec?.holderIdentity).not.toBe('')
    expect(await operator.end()).toBe(0)
    expect((await lease()).spec?.holderIdentity).toBe('')
    expect(operator.output()).not.toContain(key)
  })

  it('is followed by another when it is killed, which goes on where it was', async () => {
    const first = start()
    await first.url()
    await rig.applyFlow('orders', simpleFlow())
    await rig.ready('orders')
    await rig.applyFlow('orders', simpleFlow('"two"'))
    await first.kill()
    await start().url()
    expect(stateOf(await rig.ready('orders'))?.active).toBe(2)
  })

  it('says what is wrong with its settings, and names no secret', async () => {
    const operator = start({ WEIR_STORE_URL: 's3cret', WEIR_TENANT_KEY: 'short' })
    expect(await operator.ended()).toBe(2)
    expect(operator.output()).toContain(
      'WEIR_STORE_URL must begin with mongodb:// or mongodb+srv://; WEIR_TENANT_KEY must have at least 16',
    )
    expect(operator.output()).not.toContain('s3cret')
  })

  const key = 'a key that is nowhere to be seen'

  async function lease(): Promise<Lease> {
    const path = pathOf(leases, { namespace: rig.namespace, name: 'weir-operator' })
    return orThrow(await rig.client.request<Lease & KubeObject>({ method: 'GET', path }))
  }
})
