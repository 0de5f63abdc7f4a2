import type { BenchResult } from './bench-result.ts'
import { activate } from './pipeline/activate.ts'
import { compileManifests } from '../rig/faults/compile-manifests.ts'
import { onServers } from './pipeline/compare.ts'
import { startProcess } from './pipeline/pipeline.ts'
import { stepComponent } from './pipeline/step-component.ts'
import { programs, runnerEnvironment } from './pipeline/weir-pipeline.ts'
import { cpuMsOfPid, rssMbOfPid } from './process-cost.ts'

const flows = 250
const restMs = 5000
const watchedMs = 5000

/** The memory of one runner process with 250 idle flows of four steps attached, all of it, by flow. */
export function bench(): Promise<BenchResult[]> {
  return onServers(async ({ servers, directory, opened }) => {
    await stepComponent(directory)
    const text = component + Array.from({ length: flows }, (_, n) => flow(n)).join('')
    const plans = await compileManifests(text, { step: directory })
    const place = await servers.openPlace()
    await activate(place, plans)
    const runner = await startProcess(programs.runner, [], runnerEnvironment(place, directory))
    opened.defer(() => void runner.kill('SIGKILL'))
    await rest(restMs)
    const pid = runner.pid ?? 0
    const megabytes = await rssMbOfPid(pid)
    const [ownMs, brokerMs] = [await cpuMsOfPid(pid), await cpuMsOfPid(servers.brokerPid)]
    await rest(watchedMs)
    const percent = (fromMs: number, toMs: number): string => (((toMs - fromMs) * 100) / watchedMs).toFixed(1)
    const used = percent(ownMs, await cpuMsOfPid(pid))
    const brokerUsed = percent(brokerMs, await cpuMsOfPid(servers.brokerPid))
    const queues = plans.reduce((sum, { stages }) => sum + stages.length, 0) / flows
    const note = `a flow, ${megabytes.toFixed(0)} MB for ${flows}; ${queues} queues a flow, for 4 steps of which 2 are built-ins; at rest ${used} % of a core, the broker ${brokerUsed} %`
    return [{ name: 'idle', value: megabytes / flows, goal: 1, unit: 'MB', note }]
  })
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

const component = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: step}
spec: {image: step}
`

function flow(n: number): string {
  return `---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: flow-${n}}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
  - {name: fetch, component: step, function: step}
  - {name: check, filter: data.n > ${n}}
  - {name: shape, transform: '{"n": data.n + ${n}, "from": $trigger.name}'}
  - {name: store, component: step, function: step}
`
}
