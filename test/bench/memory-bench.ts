import type { BenchResult } from './bench-result.ts'
import { fire, openBenchRuntime } from './bench-project.ts'

const messages = 100_000

const source = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: bench}
spec:
  isolation: shared
  source:
    files:
      source.js: |
        exports.process = async function (msg) {
          for (let n = 0; n < msg.data.count; n += 1) await this.emit('data', { data: { n, text: 'x'.repeat(500) } })
        }
      pass.js: "exports.process = async (msg) => ({ data: msg.data })"
---
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: slow}
spec:
  source:
    files:
      slow.js: "exports.process = (msg) => new Promise((resolve) => setTimeout(resolve, 2, { data: { n: msg.data.n } }))"
---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: bench}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
  - {name: source, component: bench, function: source, timeoutSeconds: 1200}
  - {name: first, component: bench, function: pass}
  - {name: shape, transform: '{"n": data.n, "text": data.text}'}
  - {name: second, component: bench, function: pass}
  - {name: slow, component: slow, function: slow, concurrencyPerProcess: 8}
`

/** 100,000 messages through five steps, the last of them slow: the peak of the last quarter against that of the second. */
export async function bench(): Promise<BenchResult[]> {
  const peaks = [0, 0, 0, 0]
  let finished = 0
  let onDone = (): void => {}
  const done = new Promise<void>((resolve) => {
    onDone = resolve
  })
  const runtime = await openBenchRuntime(source, {
    onFinished: () => {
      finished += 1
      if (finished % 500 === 0) {
        const quarter = Math.min(3, Math.floor((finished * 4) / messages))
        // Collected first: what counts is what is held, not when the collector last came by.
        globalThis.gc?.()
        const { heapUsed, arrayBuffers } = process.memoryUsage()
        peaks[quarter] = Math.max(peaks[quarter] ?? 0, heapUsed + arrayBuffers)
      }
      if (finished === messages) onDone()
    },
  })
  await fire(runtime, { count: messages })
  await done
  await runtime.close(1000)
  const [, second = 1, , last = 0] = peaks
  const shown = peaks.map((bytes) => (bytes / 2 ** 20).toFixed(0)).join(', ')
  return [
    {
      name: 'memory-under-a-slow-step',
      value: last / second,
      goal: 1.1,
      unit: '×',
      note: `peaks by quarter ${shown} MB`,
    },
  ]
}
