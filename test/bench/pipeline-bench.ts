import type { BenchResult } from './bench-result.ts'
import { median, spread } from './bench-result.ts'
import { comparePipelines, onServers, ratiosOf, shownPassages } from './pipeline/compare.ts'
import { openControlPipeline } from './pipeline/control-pipeline.ts'
import { threeSteps } from './pipeline/three-steps.ts'
import { openWeirPipeline } from './pipeline/weir-pipeline.ts'

const load = { messages: 10_000, inFlight: 800 }
const rounds = 5

/** Messages of 1 KB through three steps, a quorum queue before each: a runner as it is installed, against a control written by hand with amqplib. */
export function bench(): Promise<BenchResult[]> {
  return onServers(async ({ servers, directory, opened }) => {
    const control = await openControlPipeline(servers)
    opened.defer(control.close)
    const weir = await openWeirPipeline(servers, { manifests: threeSteps, directory })
    opened.defer(weir.close)
    const candidates = [control, weir].map((pipeline) => ({ pipeline, load }))
    const [theirs = [], ours = []] = await comparePipelines(candidates, rounds)
    const ratios = ratiosOf(ours, theirs, ({ messagesPerSecond }) => messagesPerSecond)
    const note = `of the control's messages a second, ${spread(ratios)}\n    Weir ${shownPassages(ours)}\n    control ${shownPassages(theirs)}`
    return [{ name: 'pipeline', value: median(ratios), goal: 0.8, unit: '×', isAtLeast: true, note }]
  })
}
