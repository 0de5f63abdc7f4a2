import type { Clock } from '../../runtime/clock.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { StepEvent } from '../../runtime/store/store.ts'
import type { Ends } from './expected-ends.ts'
import { expectedEnds, noEnds } from './expected-ends.ts'
import { randomOf } from './random.ts'
import { losable } from './lost-connection.ts'
import type { Random } from './random.ts'
import { editFlow, stepNames } from './random-edit.ts'
import type { Item, RandomFlow } from './random-flow.ts'
import { lateMs, randomFlow, scriptsOf } from './random-flow.ts'
import type { Rig, RigOptions, StartedRunner } from './runner-rig.ts'
import { openRig } from './runner-rig.ts'

/** What one random schedule came to, beside what must have come of it. */
export interface ScheduleResult {
  readonly flow: RandomFlow
  readonly sent: number
  readonly faults: number
  readonly edited: number
  /** Runs whose first message was never settled. */
  readonly unheard: readonly string[]
  readonly expected: Ends
  readonly actual: Ends
  /** Messages that are still somewhere when nothing happens any more. */
  readonly left: number
  readonly activeRuns: readonly string[]
  /** Saved by steps with a snapshot, beside the number of messages that they settled. */
  readonly counts: readonly { readonly step: string; readonly saved: number; readonly settled: number }[]
}

export interface ScheduleOptions {
  /** Runners are killed and closed, connections lost, and nobody answers for plans, at random. */
  readonly withFaults: boolean
  /** New revisions become active at random: messages under way finish under theirs, or follow. */
  readonly edits?: 'finish' | 'follow'
  /** By default in memory, on a simulated clock. */
  readonly world?: Pick<RigOptions, 'openBroker' | 'clock' | 'left'>
}

/** Sends messages through a random flow while it is edited and runners are killed, closed and started; then waits for the end. */
export async function runSchedule(seed: number, options: ScheduleOptions): Promise<ScheduleResult> {
  const { withFaults, edits, world = {} } = options
  const random = randomOf(seed)
  const first = randomFlow(random, { withLate: !withFaults && edits === undefined })
  const clock: { now?: Clock } = {}
  const connection = losable()
  const update = edits === undefined ? {} : { update: { pending: edits } }
  const rig = await openRig({
    spec: { steps: [...first.steps], ...update },
    functions: first.functions,
    scripts: scriptsOf(stepNames, () => clock.now ?? systemClock),
    limits: { queuedMessages: random.between(1, 20) },
    wrap: connection.wrap,
    ...world,
  })
  clock.now = rig.clock
  const expected = noEnds()
  const sent = random.between(1, 8)
  const runs: string[] = []
  const runners: StartedRunner[] = [rig]
  let flow = first
  let faults = 0
  let edited = 0
  for (let at = 0; at < sent; at += 1) {
    const item: Item = { id: `m${at}`, n: random.between(0, 9) }
    addEnds(expected, expectedEnds(flow, item))
    runs.push(await rig.send(item, { tracked: true }))
    if (random.chance(0.5)) await rig.clock.advance(random.between(0, 4000))
    if (edits !== undefined && random.chance(0.4)) {
      edited += 1
      flow = editFlow(random, flow)
      await rig.edit({ steps: [...flow.steps], ...update })
    }
    if (withFaults && random.chance(0.4)) {
      faults += 1
      await disturb(random, { rig, runners, connection })
    }
  }
  await untilEnd(rig, first)
  const settled = new Set(rig.entries.map(({ headers }) => headers.run))
  const unheard = runs.filter((run) => !settled.has(run))
  const result = await resultOf(rig, first)
  await Promise.all(runners.map(({ kill }) => kill()))
  await rig.close()
  return { ...result, flow: first, sent, faults, edited, expected, unheard }
}

async function untilEnd(rig: Rig, { parts }: RandomFlow): Promise<void> {
  await rig.untilIdle()
  // What is emitted late may cause late emits in its turn, at most once a step.
  for (const _ of parts) {
    await rig.clock.advance(lateMs + longestRoomWaitMs)
    await rig.untilIdle()
  }
}

/** Between looks at a queue that was full. */
const longestRoomWaitMs = 500

interface Disturbed {
  readonly rig: Rig
  readonly runners: StartedRunner[]
  readonly connection: ReturnType<typeof losable>
}

async function disturb(random: Random, { rig, runners, connection }: Disturbed): Promise<void> {
  const last = runners.at(-1)
  const forMs = random.between(0, 3000)
  switch (random.pick(['kill', 'kill', 'kill', 'close', 'lose', 'silence'])) {
    case 'kill':
      await last?.kill()
      return void runners.push(await rig.startRunner())
    case 'close': {
      const closing = last?.runner.close(forMs)
      await rig.clock.advance(forMs)
      await closing
      return void runners.push(await rig.startRunner())
    }
    case 'lose':
      connection.lose()
      await rig.clock.advance(forMs)
      return connection.find()
    case 'silence':
      rig.plans.answers(false)
      await rig.clock.advance(forMs)
      return rig.plans.answers(true)
  }
}

async function resultOf(
  rig: Rig,
  flow: RandomFlow,
): Promise<Pick<ScheduleResult, 'actual' | 'left' | 'activeRuns' | 'counts'>> {
  const letters = await rig.deadLetters()
  const told = (wanted: StepEvent['kind']): StepEvent[] => rig.events.filter(({ kind }) => kind === wanted)
  const { ready, unacknowledged, parked } = await rig.broker.pending()
  return {
    actual: {
      finished: rig.finished.map(({ step, data }) => `${step} ${(data as Item).id} ${(data as Item).n}`),
      dead: told('dead').map(({ step, code }) => `${step} ${code}`),
      letters: letters.map(({ step, body, code }) => `${step} ${itemOf(body).id} ${code}`),
      discarded: told('discarded').map(({ step, code }) => `${step} ${code}`),
      filtered: told('filtered').map(({ step }) => step),
    },
    left: ready + unacknowledged + parked,
    activeRuns: await rig.store.trackedRuns.active('uid'),
    counts: await snapshotCounts(rig, flow),
  }
}

async function snapshotCounts(rig: Rig, { parts }: RandomFlow): Promise<ScheduleResult['counts']> {
  const kept = parts.filter((step) => step.kind === 'component' && step.behaviour.snapshot)
  return Promise.all(
    kept.map(async ({ name }) => {
      const queue = rig.plan.stages.find((stage) => stage.name === name)?.queue ?? ''
      const { value, settled = [] } = (await rig.store.snapshots.read(queue)) ?? {}
      return { step: name, saved: (value as { count?: number } | undefined)?.count ?? 0, settled: settled.length }
    }),
  )
}

function itemOf(body: Uint8Array): Item {
  const bytes = Buffer.from(body)
  const { data } = JSON.parse(bytes.subarray(4 + bytes.readUInt32BE(0)).toString()) as { data: Item }
  return data
}

function addEnds(to: Ends, ends: Ends): void {
  for (const kind of ['finished', 'dead', 'letters', 'discarded', 'filtered'] as const) to[kind].push(...ends[kind])
}
