import { runProcess } from './process/run-process.ts'
import { openClusterScheduler } from './tenants/open-tenant-process.ts'
import { tenantSettings } from './tenants/tenant-settings.ts'

await runProcess(
  { name: 'cluster-scheduler', settings: tenantSettings, open: openClusterScheduler },
  {
    environment: process.env,
    onSignal: (listener) => void process.on('SIGTERM', listener).on('SIGINT', listener),
    exit: (code) => process.exit(code),
  },
)
