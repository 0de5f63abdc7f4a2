import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleHeaders } from '../test/samples/sample-message.ts'
import type { JsonObject } from '../crds/v1alpha1/meta.ts'
import type { StepEvent } from '../runtime/store/store.ts'
import { openSqliteStore } from '../runtime/store/sqlite-store.ts'
import { handFiredMessage } from '../runtime/trigger/decide/first-message.ts'
import { startRun } from '../runtime/trigger/start-run.ts'
import { encodeBody } from '../runtime/wire/body.ts'
import { freshId } from '../runtime/wire/message-id.ts'
import { loadProject } from './load-project.ts'
import { localCredentials } from './local-credentials.ts'
import type { LocalRuntime } from './local-runtime.ts'
import { openLocalRuntime } from './local-runtime.ts'

let root: string
const stopped = new AbortController()
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-runtime-'))
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

interface Opened {
  readonly runtime: LocalRuntime
  readonly finished: JsonObject[]
  readonly dead: string[]
  /** Resolves when such an event has happened; events of the past count. */
  readonly happened: (kind: StepEvent['kind'], times?: number) => Promise<void>
}

async function open(flow: string): Promise<Opened> {
  const file = join(root, 'flow.yaml')
  writeFileSync(file, flow)
  const project = await loadProject([file], {
    strict: true,
    directories: new Map(),
    catalogue: join(import.meta.dirname, '..', 'components'),
    stdin: async () => '',
  })
  expect(project.findings).toEqual([])
  const finished: JsonObject[] = []
  const dead: string[] = []
  const events: StepEvent[] = []
  const waiting = new Set<() => void>()
  const runtime = await openLocalRuntime({
    ...project,
    credentials: localCredentials(project.parsed.manifests, new Map()),
    log: pino({ level: 'silent' }),
    state: join(root, 'state'),
    environment: process.env,
    stopped: stopped.signal,
    observer: {
      onFinished: ({ message }) => void finished.push(message()),
      onEvent: (event) => {
        events.push(event)
        for (const wake of waiting) wake()
      },
    },
    onDeadLetter: ({ step, code }) => void dead.push(`${step} ${code}`),
  })
  const happened: Opened['happened'] = async (kind, times = 1) => {
    while (events.filter((event) => event.kind === kind).length < times) {
      await new Promise<void>((resolve) => waiting.add(resolve))
    }
  }
  return { runtime, finished, dead, happened }
}

async function fire({ plans, broker, clock, onRun }: LocalRuntime, data: unknown): Promise<void> {
  const plan = plans.all[0]!
  const trigger = plan.triggers[0]!
  const first = handFiredMessage(trigger, { data, at: clock.now() })
  await startRun({ broker, clock, onRun, ids: { freshId } }, { plan, trigger, first, tracked: true })
}

/** Fails for odd numbers while the file `away` is there. */
const flow = (more = '', step = 'put') => `
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: numbers}
spec:
  ${more}
  triggers: [{name: by-hand, manual: {}}]
  steps:
  - {name: each, split: data}
  - {name: ${step}, component: shop, function: put, config: {away: ${join(root, 'away')}}, onError: {retry: {maxAttempts: 100, initialDelaySeconds: 0.2, factor: 1}}}
---
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: shop}
spec:
  source:
    files:
      put.js: |
        const { existsSync } = require('fs')
        exports.process = async (msg, cfg) => {
          if (msg.data % 2 === 1 && existsSync(cfg.away)) throw new Error('away')
          return { data: { stored: msg.data } }
        }
`

const stored = ({ finished }: Opened) =>
  finished.map(({ data }) => (data as { stored: number }).stored).toSorted((a, b) => a - b)

describe('a local runtime with a state', () => {
  it('keeps what was not finished when it stopped, and a later one goes on with it', async () => {
    writeFileSync(join(root, 'away'), '')
    const first = await open(flow())
    await fire(first.runtime, [1, 2, 3])
    await Promise.all([first.happened('retried', 2), first.happened('settled', 2)])
    expect(await first.runtime.close(5000)).toBe(2)
    expect(stored(first)).toEqual([2])
    expect(first.dead).toEqual([])

    // Still away: kept once more.
    const second = await open(flow())
    expect(second.runtime.resumed).toBe(2)
    await second.happened('retried', 2)
    expect(await second.runtime.close(5000)).toBe(2)

    rmSync(join(root, 'away'))
    const third = await open(flow())
    expect(third.runtime.resumed).toBe(2)
    await third.runtime.embedded!.whenIdle()
    expect(await third.runtime.store.trackedRuns.active(third.runtime.plans.all[0]!.flow.uid)).toEqual([])
    expect(await third.runtime.close(5000)).toBe(0)
    expect(stored(third)).toEqual([1, 3])

    const fourth = await open(flow())
    expect(fourth.runtime.resumed).toBe(0)
    await fourth.runtime.close(5000)
  })

  it('goes on under the revision that a message began with', async () => {
    writeFileSync(join(root, 'away'), '')
    const first = await open(flow())
    await fire(first.runtime, [1])
    await first.happened('retried')
    await first.runtime.close(5000)
    rmSync(join(root, 'away'))
    const edited = flow()
      .replace('stored: msg.data', 'stored: msg.data + 10')
      .replace('maxAttempts: 100', 'maxAttempts: 99')
    const second = await open(edited)
    expect(second.runtime.plans.all[0]!.revision).toBe(2)
    await second.runtime.embedded!.whenIdle()
    await second.runtime.close(5000)
    expect(stored(second)).toEqual([11])
  })

  it('finishes what is under way in a step that is gone, and keeps its queue as long as a message may name its plan', async () => {
    writeFileSync(join(root, 'away'), '')
    const first = await open(flow())
    await fire(first.runtime, [1])
    await first.happened('retried')
    await first.runtime.close(5000)
    rmSync(join(root, 'away'))
    const second = await open(flow('', 'renamed'))
    await second.runtime.embedded!.whenIdle()
    expect(second.runtime.embedded!.queueNames().filter((name) => name.includes('.put.'))).toHaveLength(1)
    await second.runtime.close(5000)
    expect(second.dead).toEqual([])
    expect(stored(second)).toEqual([1])
    const third = await open(flow('', 'renamed'))
    expect(third.runtime.resumed).toBe(0)
    expect(third.runtime.embedded!.queueNames().filter((name) => name.includes('.put.'))).toHaveLength(1)
    await third.runtime.close(5000)
  })

  it('makes a dead letter of what no plan is left for', async () => {
    writeFileSync(join(root, 'away'), '')
    const first = await open(flow())
    await fire(first.runtime, [1])
    await first.happened('retried')
    await first.runtime.close(5000)
    for (const file of readdirSync(join(root, 'state'))) {
      if (file.startsWith('weir.db')) rmSync(join(root, 'state', file))
    }
    const second = await open(flow('', 'renamed'))
    expect(second.runtime.resumed).toBe(1)
    await second.runtime.embedded!.whenIdle()
    await second.runtime.close(5000)
    expect(second.dead).toEqual(['put PlanMismatch'])
  })

  it('goes on with what an earlier version kept as dead letters, once', async () => {
    const { runtime } = await open(flow())
    const { flow: owner, revision, hash } = runtime.plans.all[0]!
    await runtime.close(5000)
    const store = openSqliteStore(join(root, 'state', 'weir.db'))
    const headers = sampleHeaders({
      flow: owner.uid,
      revision,
      revisionHash: hash,
      run: 'run',
      trigger: 'by-hand',
      at: 'put',
      attempt: 3,
      tracked: true,
    })
    const kept = { namespace: 'default', flow: owner.uid, step: 'put', run: 'run', revision, headers, failures: [] }
    for (const id of ['2', '4']) {
      const body = encodeBody({}, Buffer.from(`{"data": ${id}}`))
      const fate = {
        code: 'Unfinished',
        message: '',
        attempts: 3,
        diedAt: Number(id),
        replay: 0,
        state: 'dead',
      } as const
      await store.deadLetters.put({ ...kept, ...fate, id, body })
    }
    await store.close()
    const second = await open(flow())
    expect(second.runtime.resumed).toBe(2)
    expect(await second.runtime.store.trackedRuns.active(owner.uid)).toEqual(['run'])
    await second.runtime.embedded!.whenIdle()
    expect(await second.runtime.store.trackedRuns.active(owner.uid)).toEqual([])
    await second.runtime.close(5000)
    expect(stored(second)).toEqual([2, 4])
    const third = await open(flow())
    expect(third.runtime.resumed).toBe(0)
    await third.runtime.close(5000)
  })

  it('leaves what belongs to a frozen flow, or to none that is given, until that comes', async () => {
    writeFileSync(join(root, 'away'), '')
    const first = await open(flow())
    await fire(first.runtime, [1])
    await first.happened('retried')
    await first.runtime.close(5000)
    for (const other of [flow('freeze: true'), flow().replace('name: numbers', 'name: others')]) {
      const { runtime } = await open(other)
      expect(runtime.resumed).toBe(0)
      await runtime.embedded!.whenIdle()
      await runtime.close(5000)
    }
    const last = await open(flow())
    expect(last.runtime.resumed).toBe(1)
    await last.runtime.close(5000)
  })

  it('keeps runs, what happened in them, and dead letters', async () => {
    const { runtime, dead } = await open(flow().replace("throw new Error('away')", ''))
    await fire(runtime, [2])
    await fire(runtime, { not: 'a list, which is one' })
    await runtime.embedded!.whenIdle()
    await runtime.close(5000)
    expect(dead).toEqual([])
    const store = openSqliteStore(join(root, 'state', 'weir.db'))
    const runs = await store.runs.list({})
    expect(runs).toMatchObject([{ trigger: 'by-hand' }, { trigger: 'by-hand' }])
    expect((await store.runs.events(runs[0]!.id)).map(({ step, kind }) => `${step} ${kind}`)).toContain('put settled')
    await store.close()
  })

  it('is one process’s at a time', async () => {
    const { runtime } = await open(flow())
    await expect(open(flow())).rejects.toMatchObject({ code: 'StateInUse' })
    await runtime.close(5000)
    await (await open(flow())).runtime.close(5000)
  })

  it('may be closed twice', async () => {
    const { runtime } = await open(flow())
    expect(await runtime.close(5000)).toBe(0)
    expect(await runtime.close(0)).toBe(0)
  })
})
