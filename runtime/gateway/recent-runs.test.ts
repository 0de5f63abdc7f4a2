import { pino } from 'pino'
import { expect, it } from 'vitest'
import { samplePlans } from '../../test/samples/sample-plan.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { simulatedClock } from '../clock.ts'
import type { Run } from '../store/store.ts'
import { defaultLimits } from './gateway-parts.ts'
import { openLoad } from './load.ts'
import { openDesk } from './open-desk.ts'
import { recentRuns } from './recent-runs.ts'

const runOf = (namespace: string, id: string): Run => ({
  id,
  namespace,
  flow: 'uid-orders',
  trigger: 'called',
  revision: 1,
  startedAt: 0,
})

it('is bounded for all desks together, and tells nobody of another namespace', async () => {
  const clock = simulatedClock()
  const recent = recentRuns(2)
  const broker = openMemoryBroker({ clock })
  const desks = ['a', 'b'].map(() =>
    openDesk({
      plans: samplePlans(),
      credentials: { get: async () => undefined },
      broker,
      clock,
      log: pino({ level: 'silent' }),
      load: openLoad(defaultLimits),
      recent,
    }),
  )
  recent.add(runOf('a', 'run-1'))
  recent.add(runOf('b', 'run-2'))
  const statuses = async (namespace: string, run: string): Promise<readonly number[]> =>
    Promise.all(desks.map(async (desk) => (await desk.runStatus({ namespace, run })).status))
  expect([await statuses('a', 'run-1'), await statuses('b', 'run-1')]).toEqual([
    [200, 200],
    [404, 404],
  ])
  recent.add(runOf('b', 'run-3'))
  expect([await statuses('a', 'run-1'), await statuses('b', 'run-3')]).toEqual([
    [404, 404],
    [200, 200],
  ])
  await broker.close()
})
