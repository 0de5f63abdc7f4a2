import { runProcess } from '../runtime/process/run-process.ts'
import { openOperatorProcess } from './open-operator-process.ts'
import { operatorSettings } from './operator-settings.ts'
import { keepHeapSmall } from './small-heap.ts'

keepHeapSmall()

await runProcess(
  {
    name: 'operator',
    settings: operatorSettings,
    open: ({ settings, log }) =>
      openOperatorProcess({
        settings,
        log,
        onFailed: (err) => {
          log.fatal({ err }, 'the operator has ended, which it never does by itself')
          process.exit(1)
        },
      }),
  },
  {
    environment: process.env,
    onSignal: (listener) => void process.on('SIGTERM', listener).on('SIGINT', listener),
    exit: (code) => process.exit(code),
  },
)
