import { openRecorderProcess } from './process/open-recorder-process.ts'
import { runProcess } from './process/run-process.ts'
import { recorderSettings } from './process/settings.ts'

await runProcess(
  { name: 'recorder', settings: recorderSettings, open: openRecorderProcess },
  {
    environment: process.env,
    onSignal: (listener) => void process.on('SIGTERM', listener).on('SIGINT', listener),
    exit: (code) => process.exit(code),
  },
)
