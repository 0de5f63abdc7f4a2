import { setFlagsFromString } from 'node:v8'
import { runProcess } from '../runtime/process/run-process.ts'
import { openOperatorProcess } from './open-operator-process.ts'
import { operatorSettings } from './operator-settings.ts'

// Of thousands of objects little is kept and much is garbage, for which V8 would take several times the memory; this costs two fifths more
// processor time while they are looked at for the first time.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=30')

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
