import type { Clock } from '../../runtime/clock.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { StepEvent } from '../../runtime/store/store.ts'
import type { Ends } from './expected-ends.ts'
import { expectedEnds, noEnds } from './expected-ends.ts'
import { randomOf } from './random.ts'
import type { Item, RandomFlow } from './random-flow.ts'
import { lateMs, randomFlow, scriptsOf } from './random-flow.ts'
import type { Rig, StartedRunner } from './runner-rig.ts'
import { openRig } from './runner-rig.ts'

/** What one random schedule came to, beside what must have come of it. */
export interface ScheduleResult {
  readonly flow: RandomFlow
  readonly sent: number
  readonly faults: number
  readonly expected: Ends
  readonly actual: Ends
  /** Messages that are still somewhere when nothing happens any more. */
  readonly left: number
  readonly activeRuns: readonly string[]
  /** Saved by steps with a snapshot, beside the number of messages that they settled. */
  readonly counts: readonly { readonly step: string; readonly saved: number; readonly settled: number }[]
}

/** Sends messages through a random flow while runners are killed, closed and started; then waits for the end. */
export async function runSchedule(seed: number, { withFaults }: { withFaults: boolean }): Promise<ScheduleResult> {
  const random = randomOf(seed)
  const flow = randomFlow(random, { withLate: !withFaults })
  const clock: { now?: Clock } = {}
  const rig = await openRig({
    spec: { steps: [...flow.steps] },
    functions: flow.functions,
    scripts: scriptsOf(flow, () => clock.now ?? systemClock),
    limits: { queuedMessages: random.between(1, 20) },
  })
  clock.now = rig.clock
  const expected = noEnds()
  const sent = random.between(1, 8)
  const runners: StartedRunner[] = [rig]
  let faults = 0
  for (let at = 0; at < sent; at += 1) {
    const item: Item = { id: `m${at}`, n: random.between(0, 9) }
    addEnds(expected, expectedEnds(flow, item))
    await rig.send(item, { tracked: true })
    if (random.chance(0.5)) await rig.clock.advance(random.between(0, 4000))
    if (withFaults && random.chance(0.4)) {
      faults += 1
      await disturb(rig, runners, { isKill: random.chance(0.7), deadlineMs: random.between(0, 3000) })
    }
  }
  await rig.untilIdle()
  // What is emitted late may cause late emits in its turn, at most once a step.
  for (const _ of flow.parts) {
    await rig.clock.advance(lateMs + longestRoomWaitMs)
    await rig.untilIdle()
  }
  const result = await resultOf(rig, flow)
  await Promise.all(runners.map(({ kill }) => kill()))
  await rig.close()
  return { ...result, flow, sent, faults, expected }
}

/** Between looks at a queue that was full. */
const longestRoomWaitMs = 500

async function disturb(
  rig: Rig,
  runners: StartedRunner[],
  { isKill, deadlineMs }: { readonly isKill: boolean; readonly deadlineMs: number },
): Promise<void> {
  const last = runners.at(-1)
  if (isKill) await last?.kill()
  else {
    const closing = last?.runner.close(deadlineMs)
    await rig.clock.advance(deadlineMs)
    await closing
  }
  runners.push(await rig.startRunner())
}

async function resultOf(
  rig: Rig,
  flow: RandomFlow,
): Promise<Pick<ScheduleResult, 'actual' | 'left' | 'activeRuns' | 'counts'>> {
  const letters = await rig.deadLetters()
  const told = (wanted: StepEvent['kind']): StepEvent[] => rig.events.filter(({ kind }) => kind === wanted)
  const { ready, unacknowledged, parked } = rig.broker.pending()
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
