import type { BenchResult } from './bench-result.ts'
import { openBenchRuntime } from './bench-project.ts'

const flows = 1000

/** What 1,000 idle flows of four steps add to a process with one, after a forced collection. */
export async function bench(): Promise<BenchResult[]> {
  const one = await openBenchRuntime(component + flow(0))
  const base = await settledBytes()
  const text = component + Array.from({ length: flows }, (_, n) => flow(n)).join('')
  const many = await openBenchRuntime(text)
  const grown = await settledBytes()
  await many.close(100)
  await one.close(100)
  const megabytes = (grown - base) / 2 ** 20
  return [
    { name: 'thousand-idle-flows', value: megabytes, goal: 30, unit: 'MB', note: 'heap and buffers above one flow' },
  ]
}

async function settledBytes(): Promise<number> {
  for (let turn = 0; turn < 5; turn += 1) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

const component = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: echo}
spec:
  source:
    files:
      echo.js: "exports.process = async (msg) => ({ data: msg.data })"
`

function flow(n: number): string {
  return `---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: flow-${n}}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
  - {name: fetch, component: echo, function: echo}
  - {name: check, filter: data.n > ${n}}
  - {name: shape, transform: '{"n": data.n + ${n}, "from": $trigger.name}'}
  - {name: store, component: echo, function: echo}
`
}
