import type { BenchResult } from './bench-result.ts'
import { median, spread } from './bench-result.ts'
import { comparePipelines, onServers, ratiosOf, shownPassages } from './pipeline/compare.ts'
import type { Passage } from './pipeline/pipeline.ts'
import { threeSteps } from './pipeline/three-steps.ts'
import { openWeirPipeline, programs } from './pipeline/weir-pipeline.ts'

const load = { messages: 10_000, inFlight: 800 }
const rounds = 5

/** CPU of a message, in all processes and the broker: at least once, against the same runner that confirms and acknowledges nothing. */
export function bench(): Promise<BenchResult[]> {
  return onServers(async ({ servers, directory, opened }) => {
    const common = { manifests: threeSteps, directory, program: programs.bare }
    const unsafe = await openWeirPipeline(servers, { ...common, environment: { BENCH_UNSAFE: '1' } })
    opened.defer(unsafe.close)
    const safe = await openWeirPipeline(servers, common)
    opened.defer(safe.close)
    const candidates = [unsafe, safe].map((pipeline) => ({ pipeline, load }))
    const [theirs = [], ours = []] = await comparePipelines(candidates, rounds)
    const ratios = ratiosOf(ours, theirs, wholeUs)
    const note = `of the CPU of fire-and-forget, ${spread(ratios)}\n    at least once ${shownPassages(ours)}\n    fire-and-forget ${shownPassages(theirs)}`
    return [{ name: 'safety', value: median(ratios), goal: 1.15, unit: '×', note }]
  })
}

function wholeUs({ cpuUs: { processes, children, broker, driver } }: Passage): number {
  return processes + children + broker + driver
}
