import type { BenchResult } from './bench-result.ts'
import { median, spread } from './bench-result.ts'
import { comparePipelines, onServers, percentileMs, ratiosOf } from './pipeline/compare.ts'
import { openControlPipeline } from './pipeline/control-pipeline.ts'
import type { Passage, Pipeline } from './pipeline/pipeline.ts'
import { threeSteps } from './pipeline/three-steps.ts'
import { openWeirPipeline } from './pipeline/weir-pipeline.ts'

const rounds = 5
const seconds = 4

/** From a publish to the end of the third step, at two paces, against the control. */
export function bench(): Promise<BenchResult[]> {
  return onServers(async ({ servers, directory, opened }) => {
    const control = await openControlPipeline(servers)
    opened.defer(control.close)
    const weir = await openWeirPipeline(servers, {
      manifests: threeSteps,
      directory,
      environment: { BENCH_LATENCY: '1' },
    })
    opened.defer(weir.close)
    return [...(await atPace(20, control, weir)), ...(await atPace(500, control, weir))]
  })
}

async function atPace(perSecond: number, control: Pipeline, weir: Pipeline): Promise<BenchResult[]> {
  const load = { messages: perSecond * seconds, inFlight: Number.POSITIVE_INFINITY, perSecond }
  const candidates = [control, weir].map((pipeline) => ({ pipeline, load }))
  const [theirs = [], ours = []] = await comparePipelines(candidates, rounds)
  return [
    { part: 0.5, name: 'p50', goal: 1.3 },
    { part: 0.99, name: 'p99', goal: 2 },
  ].map(({ part, name, goal }) => {
    const of = (passage: Passage): number => percentileMs(passage, part)
    const ratios = ratiosOf(ours, theirs, of)
    const note = `of the control's, ${spread(ratios)}; Weir ${middleMs(ours, of)}, control ${middleMs(theirs, of)}`
    return { name: `latency-${name}-at-${perSecond}`, value: median(ratios), goal, unit: '×', note }
  })
}

function middleMs(passages: readonly Passage[], of: (passage: Passage) => number): string {
  return `${median(passages.map(of)).toFixed(1)} ms`
}
