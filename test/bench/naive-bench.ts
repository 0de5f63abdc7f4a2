import type { BenchResult } from './bench-result.ts'
import { median, spread } from './bench-result.ts'
import { comparePipelines, onServers, ratiosOf, shownPassages } from './pipeline/compare.ts'
import { openControlPipeline } from './pipeline/control-pipeline.ts'
import { threeSteps } from './pipeline/three-steps.ts'
import { openWeirPipeline } from './pipeline/weir-pipeline.ts'

const rounds = 3

/** The pipeline benchmark's flow against what most people write with amqplib: prefetch 1, and an awaited confirm for each message. */
export function bench(): Promise<BenchResult[]> {
  return onServers(async ({ servers, directory, opened }) => {
    const naive = await openControlPipeline(servers, 'naive')
    opened.defer(naive.close)
    const weir = await openWeirPipeline(servers, { manifests: threeSteps, directory })
    opened.defer(weir.close)
    const candidates = [
      // Enough for a few seconds each.
      { pipeline: naive, load: { messages: 1500, inFlight: 800 } },
      { pipeline: weir, load: { messages: 10_000, inFlight: 800 } },
    ]
    const [theirs = [], ours = []] = await comparePipelines(candidates, rounds)
    const ratios = ratiosOf(ours, theirs, ({ messagesPerSecond }) => messagesPerSecond)
    const note = `of naive code's messages a second, ${spread(ratios)}\n    Weir ${shownPassages(ours)}\n    naive ${shownPassages(theirs)}`
    return [{ name: 'naive', value: median(ratios), goal: 5, unit: '×', isAtLeast: true, note }]
  })
}
