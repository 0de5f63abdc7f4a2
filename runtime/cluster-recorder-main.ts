import { runProcess } from './process/run-process.ts'
import { openClusterRecorder } from './tenants/open-tenant-process.ts'
import { tenantSettings } from './tenants/tenant-settings.ts'

await runProcess(
  { name: 'cluster-recorder', settings: tenantSettings, open: openClusterRecorder },
  {
    environment: process.env,
    onSignal: (listener) => void process.on('SIGTERM', listener).on('SIGINT', listener),
    exit: (code) => process.exit(code),
  },
)
