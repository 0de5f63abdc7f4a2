import type { BenchResult } from './bench-result.ts'
import { median, spread } from './bench-result.ts'
import { comparePipelines, onServers, ratiosOf, shownPassages } from './pipeline/compare.ts'
import { openWeirPipeline } from './pipeline/weir-pipeline.ts'

const load = { messages: 10_000, inFlight: 800 }
const rounds = 3

const shape = '{"n": data.n, "sentAtUs": data.sentAtUs, "contact": data.contact, "seen": true}'
const manifests = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: bench}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
  - {name: first, transform: '${shape}'}
  - {name: second, transform: '${shape}'}
  - {name: third, transform: '${shape}'}
`

/** Three built-in steps in one queue, as they are compiled, against the same with a queue each. */
export function bench(): Promise<BenchResult[]> {
  return onServers(async ({ servers, directory, opened }) => {
    const apart = await openWeirPipeline(servers, { name: 'not fused', manifests, directory, fuse: false })
    opened.defer(apart.close)
    const fused = await openWeirPipeline(servers, { name: 'fused', manifests, directory })
    opened.defer(fused.close)
    const candidates = [apart, fused].map((pipeline) => ({ pipeline, load }))
    const [theirs = [], ours = []] = await comparePipelines(candidates, rounds)
    const ratios = ratiosOf(ours, theirs, ({ messagesPerSecond }) => messagesPerSecond)
    const note = `of the messages a second, ${spread(ratios)}\n    fused ${shownPassages(ours)}\n    not fused ${shownPassages(theirs)}`
    return [{ name: 'fusion', value: median(ratios), goal: 1.7, unit: '×', isAtLeast: true, note }]
  })
}
