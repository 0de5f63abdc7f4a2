import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { BenchResult } from './bench-result.ts'
import { median, spread } from './bench-result.ts'
import { fire, openBenchRuntime } from './bench-project.ts'

const rounds = 15

const source = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: echo}
spec:
  source:
    files:
      echo.js: "exports.process = async (msg) => ({ data: msg.data })"
---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: bench}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps: [{name: echo, component: echo, function: echo}]
`

/** From a message whose component has no process yet to its end, against starting and ending an empty Node process; in turn, so that noise meets both. */
export async function bench(): Promise<BenchResult[]> {
  const ratios: number[] = []
  await emptyNodeMs()
  await firstMessageMs()
  for (let round = 0; round < rounds; round += 1) {
    const empty = await emptyNodeMs()
    ratios.push((await firstMessageMs()) / empty)
  }
  return [
    {
      name: 'fork-to-first-message',
      value: median(ratios),
      goal: 1.5,
      unit: '×',
      note: `start of an empty Node, ${spread(ratios)}`,
    },
  ]
}

async function emptyNodeMs(): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
  await once(child, 'exit')
  return performance.now() - startedAt
}

async function firstMessageMs(): Promise<number> {
  let finishedAt = 0
  let onFinished = (): void => {}
  const finished = new Promise<void>((resolve) => {
    onFinished = resolve
  })
  const runtime = await openBenchRuntime(source, {
    onFinished: () => {
      finishedAt = performance.now()
      onFinished()
    },
  })
  const startedAt = performance.now()
  await fire(runtime, {})
  await finished
  await runtime.close(1000)
  return finishedAt - startedAt
}
