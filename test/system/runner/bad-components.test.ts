import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import type { LocalRuntime } from '../../../local/local-runtime.ts'
import type { DeadLetter } from '../../../runtime/store/store.ts'
import type { ProjectOptions } from '../../rig/local-project.ts'
import { fire, openProject } from '../../rig/local-project.ts'

let runtime: LocalRuntime | undefined
afterEach(async () => {
  await runtime?.close(2000)
})

const component = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: bad}
spec:
  source:
    files:
      throws.js: |
        exports.process = () => { setTimeout(() => { throw new Error('outside') }, 1); return new Promise(() => {}) }
      exits.js: "exports.process = async () => process.exit(0)"
      blocks.js: "exports.process = async () => { for (;;) ; }"
      eats.js: "exports.process = async () => { const all = []; for (;;) all.push(new Array(100000).fill(all.length)) }"
      prints.js: |
        exports.process = async (msg) => {
          for (let n = 0; n < 2000; n += 1) process.stdout.write('x'.repeat(10000) + '\\n')
          return { data: msg.data }
        }
      good.js: "exports.process = async (msg) => ({ data: msg.data })"
---
`
const flow = (steps: string): string => `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: flow}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
${steps}`

interface Opened {
  readonly runtime: LocalRuntime
  readonly finished: { readonly step: string; readonly data: unknown }[]
  readonly letters: DeadLetter[]
}

async function open(text: string, options: Partial<ProjectOptions> = {}): Promise<Opened> {
  const finished: Opened['finished'][number][] = []
  const letters: DeadLetter[] = []
  runtime = await openProject(text, {
    log: pino({ level: 'silent' }),
    onDeadLetter: (letter) => letters.push(letter),
    observer: { onFinished: ({ step, message }) => finished.push({ step, data: message()['data'] }) },
    ...options,
  })
  return { runtime, finished, letters }
}

describe('a component that', () => {
  it.each([
    { what: 'throws outside a promise', name: 'throws', code: 'ComponentCrashed', timeoutSeconds: 30 },
    { what: 'ends its process', name: 'exits', code: 'ComponentCrashed', timeoutSeconds: 30 },
    { what: 'blocks for ever', name: 'blocks', code: 'StepTimedOut', timeoutSeconds: 1 },
    { what: 'eats memory', name: 'eats', code: 'ComponentOutOfMemory', timeoutSeconds: 30 },
  ])('$what gives a dead letter with the reason, and the other steps go on', async ({ name, code, timeoutSeconds }) => {
    const { runtime, finished, letters } = await open(
      `${component}${flow(`  - name: start
    transform: data
    next: [{to: bad}, {to: good}]
  - {name: bad, component: bad, function: ${name}, timeoutSeconds: ${timeoutSeconds}, next: [], onError: {retry: {maxAttempts: 2, initialDelaySeconds: 1, maxDelaySeconds: 1}}}
  - {name: good, component: bad, function: good, next: []}
`)}`,
      { host: { maxHeapMb: 64 } },
    )
    for (let n = 0; n < 3; n += 1) await fire(runtime, { n })
    await runtime.embedded!.whenIdle()
    expect(finished.map(({ data }) => data)).toEqual([0, 1, 2].map((n) => ({ n })))
    expect(letters.map((letter) => ({ step: letter.step, code: letter.code, attempts: letter.attempts }))).toEqual(
      Array.from({ length: 3 }, () => ({ step: 'bad', code, attempts: 2 })),
    )
  })

  it('prints a lot is not held up by it', async () => {
    const { runtime, finished } = await open(
      `${component}${flow('  - {name: prints, component: bad, function: prints}\n')}`,
    )
    for (let n = 0; n < 5; n += 1) await fire(runtime, { n })
    await runtime.embedded!.whenIdle()
    expect(finished).toHaveLength(5)
  })
})

describe('a component whose process is killed under load', () => {
  it('loses nothing, and doubles no more than was under way', async () => {
    const kills = 20
    const messages = 4000
    const inFlight = 8
    const { runtime, finished, letters } = await open(
      `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: fragile}
spec:
  source:
    files:
      work.js: |
        let calls = 0
        exports.process = async (msg) => {
          calls += 1
          if (calls === 120 && msg.data.n < ${kills * 160}) setImmediate(() => process.kill(process.pid, 'SIGKILL'))
          await new Promise((resolve) => setTimeout(resolve, 1))
          return { data: { ...msg.data, pid: process.pid } }
        }
      good.js: "exports.process = async (msg) => ({ data: msg.data })"
---
${flow(`  - name: start
    transform: data
    next: [{to: fragile}, {to: good}]
  - {name: fragile, component: fragile, function: work, concurrencyPerProcess: ${inFlight}, next: [], onError: {retry: {maxAttempts: 50, initialDelaySeconds: 1, maxDelaySeconds: 1}}}
  - {name: good, component: fragile, function: good, concurrencyPerProcess: 32, next: []}
`)}`,
    )
    for (let n = 0; n < messages; n += 1) await fire(runtime, { n })
    await runtime.embedded!.whenIdle()
    const arrived = finished.flatMap(({ step, data }) =>
      step === 'fragile' ? [data as { n: number; pid: number }] : [],
    )
    expect(letters).toEqual([])
    const died = new Set(arrived.map(({ pid }) => pid)).size - 1
    expect(died).toBeGreaterThanOrEqual(kills)
    expect(new Set(arrived.map(({ n }) => n)).size).toBe(messages)
    expect(arrived.length - messages).toBeLessThanOrEqual(died * inFlight)
    expect(finished.filter(({ step }) => step === 'good')).toHaveLength(messages)
  })
})

describe('with a single process for all components', () => {
  it('a source that fills the queue of the next one makes way for it', async () => {
    const { runtime, finished } = await open(
      `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: pair}
spec:
  source:
    files:
      source.js: |
        exports.process = async function () {
          for (let n = 0; n < 200; n += 1) await this.emit('data', { data: { n } })
        }
      sink.js: "exports.process = async (msg) => ({ data: msg.data })"
---
${flow(`  - {name: source, component: pair, function: source}
  - {name: sink, component: pair, function: sink}
`)}`,
      { limits: { queuedMessages: 10 }, host: { maxProcesses: 1 } },
    )
    await fire(runtime, {})
    await runtime.embedded!.whenIdle()
    expect(finished).toHaveLength(200)
  })

  it('steps that share a child and wait for each other make way', async () => {
    const { runtime, finished } = await open(
      `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: pair}
spec:
  isolation: shared
  source:
    files:
      source.js: |
        exports.process = async function () {
          for (let n = 0; n < 20; n += 1) await this.emit('data', { data: { n } })
        }
      sink.js: "exports.process = async (msg) => ({ data: msg.data })"
---
${flow(`  - {name: source, component: pair, function: source, concurrencyPerProcess: 4}
  - {name: sink, component: pair, function: sink, concurrencyPerProcess: 4}
`)}`,
      { limits: { queuedMessages: 5 } },
    )
    for (let n = 0; n < 12; n += 1) await fire(runtime, {})
    await runtime.embedded!.whenIdle()
    expect(finished).toHaveLength(240)
  })
})
