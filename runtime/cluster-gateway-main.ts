import { runProcess } from './process/run-process.ts'
import { openClusterGateway } from './tenants/open-tenant-process.ts'
import { gatewaySettings } from './tenants/tenant-settings.ts'

await runProcess(
  { name: 'cluster-gateway', settings: gatewaySettings, open: openClusterGateway },
  {
    environment: process.env,
    onSignal: (listener) => void process.on('SIGTERM', listener).on('SIGINT', listener),
    exit: (code) => process.exit(code),
  },
)
