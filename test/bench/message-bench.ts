import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { BenchResult } from './bench-result.ts'
import { median, ownCpuMs, spread } from './bench-result.ts'
import { fire, openBenchRuntime } from './bench-project.ts'

const inFlight = 200
const messages = 20_000
const rounds = 5

const source = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: echo}
spec:
  isolation: shared
  source:
    files:
      echo.js: |
        exports.process = async function (msg) {
          if (msg.data.report) return { data: { cpu: process.cpuUsage() } }
          return { data: { seen: msg.data.n, contact: msg.data.contact } }
        }
---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: bench}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps: [{name: echo, component: echo, function: echo, concurrencyPerProcess: 200}]
`

/** One message through queue, runner, socket and child, 200 in flight, against calling the same function here with JSON parse and stringify. */
export async function bench(): Promise<BenchResult[]> {
  let childCpuMs = 0
  let isReporting = false
  let onFinished = (): void => {}
  const runtime = await openBenchRuntime(source, {
    onFinished: ({ message }) => {
      // The messages that are measured are not parsed a second time: the control's are not either.
      if (isReporting) childCpuMs = reportedCpuMs(message())
      onFinished()
    },
  })
  const through = async (count: number, data: (n: number) => unknown): Promise<void> => {
    let sent = 0
    let done = 0
    await new Promise<void>((resolve, reject) => {
      const next = (): void => {
        sent += 1
        fire(runtime, data(sent)).catch(reject)
      }
      onFinished = () => {
        done += 1
        if (done === count) resolve()
        else if (sent < count) next()
      }
      while (sent < Math.min(inFlight, count)) next()
    })
  }
  const cpuMs = async (): Promise<number> => {
    isReporting = true
    await through(1, () => ({ report: true }))
    isReporting = false
    return childCpuMs + ownCpuMs()
  }
  await through(messages, contact)
  await inProcess(messages)
  const ratios: number[] = []
  const microseconds = { runner: 0, child: 0, inProcess: 0 }
  for (let round = 0; round < rounds; round += 1) {
    const before = await cpuMs()
    const childBefore = childCpuMs
    await through(messages, contact)
    const ours = (await cpuMs()) - before
    const child = childCpuMs - childBefore
    const start = ownCpuMs()
    await inProcess(messages)
    const control = ownCpuMs() - start
    ratios.push(ours / control)
    microseconds.runner += ((ours - child) * 1000) / messages / rounds
    microseconds.child += (child * 1000) / messages / rounds
    microseconds.inProcess += (control * 1000) / messages / rounds
  }
  const parts = Object.entries(microseconds).map(([name, value]) => `${name} ${value.toFixed(0)} µs`)
  await runtime.close(1000)
  return [
    {
      name: 'message-through-runner-and-child',
      value: median(ratios),
      goal: 4,
      unit: '×',
      note: `CPU of the call in process, ${spread(ratios)}; a message: ${parts.join(', ')}`,
    },
  ]
}

function reportedCpuMs({ data }: JsonObject): number {
  const { user, system } = (data as { cpu: { user: number; system: number } }).cpu
  return (user + system) / 1000
}

/** About 1 KB of JSON. */
function contact(n: number): unknown {
  const address = { street: 'Nowhere Street', city: 'Springfield', zip: '12345' }
  return {
    n,
    contact: {
      first: 'Ada',
      last: 'Lovelace',
      email: 'ada@example.org',
      notes: 'x'.repeat(700),
      address,
      tags: ['a', 'b'],
    },
  }
}

async function inProcess(count: number): Promise<void> {
  const process = async (msg: { data: { n: number; contact: unknown } }): Promise<unknown> => ({
    data: { seen: msg.data.n, contact: msg.data.contact },
  })
  for (let n = 0; n < count; n += 1) {
    // What a hand-written runner does for each message: bytes in, parse, call, stringify, bytes out.
    const bytes = Buffer.from(JSON.stringify({ data: contact(n), metadata: {}, attachments: {} }))
    Buffer.from(JSON.stringify(await process(JSON.parse(bytes.toString()) as never)))
  }
}
