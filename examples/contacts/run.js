// Starts the two applications, then the flow between them: `node examples/contacts/run.js`, with any option of `weir run`.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startApps } from './apps/start.js'

const options = process.argv.slice(2)
const weir = fileURLToPath(new URL('../../bin/weir.js', import.meta.url))
const example = fileURLToPath(new URL('.', import.meta.url))

const buysEverySeconds = options.includes('--once') ? undefined : 3
const apps = await startApps({ buysEverySeconds }).catch((error) => {
  console.error(error.code === 'EADDRINUSE' ? `port ${error.port} is in use; is the example running already?` : error)
  process.exit(1)
})
console.error(`CRM ${apps.crmUrl}, shop ${apps.shopUrl}`)
if (buysEverySeconds) console.error(`a customer buys something every ${buysEverySeconds} seconds`)

const child = spawn(process.execPath, [weir, 'run', example, ...options], { stdio: 'inherit' })
// A terminal's Ctrl-C reaches the child by itself; what is sent to this process alone is passed on.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => {
  apps.close()
  process.exitCode = code ?? 1
})
