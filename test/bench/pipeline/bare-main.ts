import { openAmqpBroker } from '../../../runtime/broker/amqp/open-amqp-broker.ts'
import { systemClock as clock } from '../../../runtime/clock.ts'
import { stepMeters } from '../../../runtime/metrics/step-meters.ts'
import { openProcessHost } from '../../../runtime/process/open-host.ts'
import { openPlans } from '../../../runtime/process/open-plans.ts'
import { runProcess } from '../../../runtime/process/run-process.ts'
import { runnerSettings } from '../../../runtime/process/settings.ts'
import { openEventPublisher } from '../../../runtime/recorder/event-publisher.ts'
import { followWork } from '../../../runtime/runner/follow-work.ts'
import { openRunner } from '../../../runtime/runner/runner.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import { reportTo } from './step-report.ts'

/**
 * A runner of the same parts as the one that is installed. `BENCH_UNSAFE=1` loses messages: nothing is confirmed and
 * nothing acknowledged. What that saves is what safety costs.
 */
const report = reportTo(process)
const isUnsafe = process.env['BENCH_UNSAFE'] === '1'

await runProcess(
  {
    name: 'runner',
    settings: runnerSettings,
    open: async ({ settings, environment, log, onDraining }) => {
      const store = await openMongoStore({ url: settings.storeUrl, log })
      const unsafe = isUnsafe ? { unsafe: { confirms: false, acks: 'none' } as const } : {}
      const broker = await openAmqpBroker({ url: settings.brokerUrl.href, connectionName: 'bench', log, ...unsafe })
      const plans = await openPlans(undefined, { store, clock, log })
      const { host, code } = await openProcessHost({ settings, environment, clock, log, onDraining })
      const events = openEventPublisher({ broker, clock, log })
      const meters = stepMeters()
      const runner = openRunner({
        broker,
        store,
        plans,
        host,
        code,
        clock,
        log,
        credentials: { get: async () => undefined },
        limits: settings,
        observer: {
          ...meters.observer,
          onReceived: () => {},
          onRun: () => {},
          onEntrySettled: () => {},
          onFinished: () => report.finished(0),
          onEvent: (event) => {
            events.observe({ kind: 'event', event })
            meters.observer.onEvent(event)
          },
        },
      })
      await followWork(runner, plans, {}).attached()
      process.send?.({ kind: 'ready' })
      return { port: 0, close: () => runner.close(0) }
    },
  },
  {
    environment: process.env,
    onSignal: (listener) => void process.on('SIGTERM', listener),
    exit: (code) => process.exit(code),
  },
)
