import { pino } from 'pino'
import { openAmqpBroker } from '../../runtime/broker/amqp/open-amqp-broker.ts'
import type { Broker } from '../../runtime/broker/broker.ts'
import { eventsQueue } from '../../runtime/broker/broker.ts'
import { systemClock as clock } from '../../runtime/clock.ts'
import { openEventPublisher } from '../../runtime/recorder/event-publisher.ts'
import type { StepEvent } from '../../runtime/store/store.ts'
import { freshId } from '../../runtime/wire/message-id.ts'
import { startProgram } from '../rig/faults/process-under-test.ts'
import type { BenchResult } from './bench-result.ts'
import { median, ownCpuMs, spread } from './bench-result.ts'
import type { Place } from './bench-servers.ts'
import { onServers } from './pipeline/compare.ts'
import { passThrough } from './pipeline/pipeline.ts'
import { threeSteps } from './pipeline/three-steps.ts'
import { openWeirPipeline } from './pipeline/weir-pipeline.ts'
import { cpuMsOfPid } from './process-cost.ts'

const messages = 10_000
const steps = 3
const rounds = 3
/** A recorder gets a batch for hundreds of messages: it takes thousands of them until its code is compiled. */
const warmUps = 6
const batchSize = 500
const log = pino({ level: 'warn' })

interface Round {
  /** Microseconds of CPU a step. */
  readonly stepUs: number
  readonly publisherUs: number
  readonly recorderUs: number
  readonly storeUs: number
}

/** CPU that recording a step's message takes, in the runner and in the recorder, against what the runner and the child take for the rest. */
export function bench(): Promise<BenchResult[]> {
  return onServers(async ({ servers, directory, opened }) => {
    const place = await servers.openPlace()
    const weir = await openWeirPipeline(servers, { manifests: threeSteps, directory, place })
    opened.defer(weir.close)
    const environment = { WEIR_BROKER_URL: place.amqpUrl, WEIR_STORE_URL: place.mongoUrl, WEIR_LOG_LEVEL: 'info' }
    const recorder = await startProgram('recorder', environment)
    opened.defer(recorder.kill)
    const broker = await openAmqpBroker({ url: place.amqpUrl, connectionName: 'bench', log })
    opened.defer(broker.close)
    const all: Round[] = []
    for (let round = 0; round < warmUps + rounds; round += 1) {
      const [recorderMs, storeMs] = [await cpuMsOfPid(recorder.pid), await cpuMsOfPid(servers.storePid)]
      const { cpuUs } = await passThrough(weir, { messages, inFlight: 800 })
      await recorded(broker, recorder.pid)
      const events = messages * steps
      const measured = {
        recorderUs: (((await cpuMsOfPid(recorder.pid)) - recorderMs) * 1000) / events,
        storeUs: (((await cpuMsOfPid(servers.storePid)) - storeMs) * 1000) / events,
        publisherUs: round < warmUps ? 0 : await publisherUs(await servers.openPlace(), events),
      }
      const stepUs = (cpuUs.processes + cpuUs.children) / steps - measured.publisherUs
      if (round >= warmUps) all.push({ ...measured, stepUs })
    }
    return [resultOf(all)]
  })
}

function resultOf(all: readonly Round[]): BenchResult {
  const ratios = all.map(({ stepUs, publisherUs, recorderUs }) => (publisherUs + recorderUs) / stepUs)
  const middle = (part: keyof Round): string => `${median(all.map((round) => round[part])).toFixed(1)} µs`
  const parts = `publisher ${middle('publisherUs')}, recorder ${middle('recorderUs')}; mongod ${middle('storeUs')}`
  const note = `of the step's own CPU, ${spread(ratios)}; a step ${middle('stepUs')}, ${parts}`
  return { name: 'recorder', value: median(ratios), goal: 0.15, unit: '×', note }
}

const restMs = 1000

/** Nothing waits, and the recorder has gone to sleep. */
async function recorded(broker: Broker, pid: number): Promise<void> {
  for (let lastMs = Number.NaN; ;) {
    const nowMs = await cpuMsOfPid(pid)
    const { ready = 0 } = (await broker.depth(eventsQueue)) ?? {}
    // A sleeping process uses a little, too.
    if (ready === 0 && nowMs - lastMs < restMs / 50) return
    lastMs = nowMs
    await new Promise((resolve) => setTimeout(resolve, restMs))
  }
}

/** What observing and publishing an event takes, alone in a process: with all of its broker, as a runner has it. */
async function publisherUs({ amqpUrl }: Place, events: number): Promise<number> {
  const broker = await openAmqpBroker({ url: amqpUrl, connectionName: 'bench', log })
  const publisher = openEventPublisher({ broker, clock, log })
  const publish = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent += 1) {
      publisher.observe({ kind: 'event', event: eventOf(sent) })
      // A batch is sent when it is full; more than one at a time would find no room.
      if (sent % batchSize === batchSize - 1) await publisher.flush()
    }
    await publisher.flush()
  }
  await publish(events / 2)
  const beganMs = ownCpuMs()
  await publish(events)
  const tookMs = ownCpuMs() - beganMs
  await publisher.close()
  await broker.close()
  return (tookMs * 1000) / events
}

/** Ids are those of a runner: each message another. */
function eventOf(n: number): StepEvent {
  return {
    namespace: 'default',
    flow: 'default_bench',
    run: freshId(),
    step: ['first', 'second', 'third'][n % steps] ?? '',
    messageId: freshId(),
    attempt: 1,
    kind: 'settled',
    emitted: 1,
    at: 1_764_000_000_000 + n,
    durationMs: 40 + (n % 7),
  }
}
