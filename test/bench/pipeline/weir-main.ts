import { openRunnerProcess } from '../../../runtime/process/open-runner-process.ts'
import { runProcess } from '../../../runtime/process/run-process.ts'
import { runnerSettings } from '../../../runtime/process/settings.ts'
import { reportTo } from './step-report.ts'

/** A runner as it is installed, which tells the driver of what has finished. */
const report = reportTo(process)
const isTimed = process.env['BENCH_LATENCY'] === '1'

await runProcess(
  {
    name: 'runner',
    settings: runnerSettings,
    open: async (parts) => {
      const opened = await openRunnerProcess({
        ...parts,
        observer: {
          // Read a second time only where the time is asked for: whoever counts does not look inside.
          onFinished: ({ message }) => report.finished(isTimed ? sentAtUs(message()) : 0),
        },
      })
      process.send?.({ kind: 'ready' })
      return opened
    },
  },
  {
    environment: process.env,
    onSignal: (listener) => void process.on('SIGTERM', listener),
    exit: (code) => process.exit(code),
  },
)

function sentAtUs({ data }: Readonly<Record<string, unknown>>): number {
  return (data as { sentAtUs: number }).sentAtUs
}
