import { readFileSync, readdirSync } from 'node:fs'
import { openRunnerProcess } from '../../../runtime/process/open-runner-process.ts'
import { runProcess } from '../../../runtime/process/run-process.ts'
import { runnerSettings } from '../../../runtime/process/settings.ts'
import { reportTo } from './step-report.ts'

/** A runner as it is installed, which tells the driver of what has finished. */
const report = reportTo(
  process,
  () => cpuMsOf(process.pid) + childrenOf(process.pid).reduce((sum, pid) => sum + cpuMsOf(pid), 0),
)
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

function childrenOf(pid: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return all.map(Number).filter((each) => fieldsOf(each)[1] === String(pid))
}

function cpuMsOf(pid: number): number {
  const fields = fieldsOf(pid)
  // User and system time, in hundredths of a second.
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10
}

/** What stands behind the name in /proc/PID/stat, from the state on; empty when it has gone. */
function fieldsOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
