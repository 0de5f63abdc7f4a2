import { openRunnerProcess } from './process/open-runner-process.ts'
import { runProcess } from './process/run-process.ts'
import { runnerSettings } from './process/settings.ts'

await runProcess(
  { name: 'runner', settings: runnerSettings, open: openRunnerProcess },
  {
    environment: process.env,
    onSignal: (listener) => void process.on('SIGTERM', listener).on('SIGINT', listener),
    exit: (code) => process.exit(code),
  },
)
