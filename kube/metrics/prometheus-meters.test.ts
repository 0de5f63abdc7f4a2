import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { openController } from '../controller/controller.ts'
import { prometheusMeters } from './prometheus-meters.ts'

it('writes what controllers do under the names that dashboards know', async () => {
  const registry = new Registry()
  const meters = prometheusMeters(registry)
  const stop = new AbortController()
  const source = { synced: Promise.resolve(), subscribe: () => () => {} }
  const running = ['flows', 'components'].map((name) => {
    const isReconciled = Promise.withResolvers<void>()
    const reconcile = async (key: string) => {
      if (key === 'bad') throw new TypeError('a mistake')
      isReconciled.resolve()
      return { kind: 'done' } as const
    }
    const controller = openController({ name, sources: [source], reconcile, meters, workers: 3, graceMs: 0 })
    controller.enqueue('bad', 'user')
    controller.enqueue('good', 'user')
    return { ended: controller.run(stop.signal), isReconciled: isReconciled.promise }
  })
  await Promise.all(running.map(({ isReconciled }) => isReconciled))
  await new Promise((resolve) => setImmediate(resolve))
  const text = await registry.metrics()
  for (const controller of ['flows', 'components']) {
    expect(text).toContain(`controller_runtime_reconcile_total{controller="${controller}",result="success"} 1`)
    expect(text).toMatch(new RegExp(`controller_runtime_reconcile_panics_total{controller="${controller}"} [1-9]`))
    expect(text).toContain(`controller_runtime_max_concurrent_reconciles{controller="${controller}"} 3`)
    expect(text).toMatch(new RegExp(`workqueue_adds_total{name="${controller}",controller="${controller}"} [2-9]`))
    expect(text).toMatch(new RegExp(`workqueue_depth{name="${controller}",controller="${controller}"} \\d`))
    expect(text).toContain(`controller_runtime_reconcile_time_seconds_count{controller="${controller}"}`)
  }
  stop.abort()
  await Promise.all(running.map(({ ended }) => ended))
})

it('knows no other names', () => {
  const meters = prometheusMeters(new Registry())
  expect(() => meters.count('workqueue_sum', {})).toThrow('no counter "workqueue_sum"')
  expect(() => meters.count('workqueue_depth', {})).toThrow(RangeError)
})

it('knows those that an operator has of its own', async () => {
  const registry = new Registry()
  const meters = prometheusMeters(registry, {
    shop_orders_total: { kind: 'counter', help: 'Orders.', labels: ['result'] },
  })
  meters.count('shop_orders_total', { result: 'paid' })
  expect(await registry.metrics()).toContain('shop_orders_total{result="paid"} 1')
})
