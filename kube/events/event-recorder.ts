import { randomBytes } from 'node:crypto'
import { systemClock, type Clock } from '../clock.ts'
import { microTime } from '../micro-time.ts'
import { pathOf, type Resource } from '../kube-object.ts'
import type { KubeClient, KubeRequest } from '../transport/kube-client.ts'
import { openCorrelator, type Happening, type Occurrence, type Series } from './correlator.ts'

export interface EventRecorderOptions {
  readonly client: KubeClient
  /** Like `weir.dev/operator`. */
  readonly controller: string
  /** Of this process. */
  readonly instance: string
  /** Events that wait to be sent; 1,000 by default. */
  readonly queued?: number
  readonly clock?: Clock
}

/**
 * Tells people what happened to an object, as Events.
 *
 * Never waits, never throws, and is bounded in memory and in what it sends: the same thing again becomes a count on the first Event, many of one
 * reason with different words become one, and an object that has no end of them is cut short. Nothing may depend on an Event.
 */
export interface EventRecorder {
  readonly record: (happening: Happening) => void
  /** When all that was recorded is sent, or has failed. */
  readonly settled: () => Promise<void>
  /** What was not told, for want of room or because the server did not take it. */
  readonly dropped: () => number
}

const events: Resource = { group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', isNamespaced: true }
const longestNoteBytes = 1_000
const longestWord = 128

export function openEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { clock = systemClock, queued = 1_000 } = options
  const correlator = openCorrelator(clock)
  /** One that waits takes its count along when it is sent. */
  const waiting = new Set<Occurrence>()
  let sending: Promise<void> | undefined
  let dropped = 0
  const send = async (): Promise<void> => {
    for (const occurrence of waiting) {
      waiting.delete(occurrence)
      const isTold = await tell(options, occurrence, clock).catch(() => false)
      if (!isTold) dropped += 1
    }
    sending = undefined
  }
  return {
    dropped: () => dropped,
    settled: () => sending ?? Promise.resolve(),
    record: (happening) => {
      const occurrence = correlator.add(happening)
      if (occurrence === undefined || (waiting.size >= queued && !waiting.has(occurrence))) {
        dropped += 1
        return
      }
      waiting.add(occurrence)
      // Later, so that what is recorded in one go is counted before it is sent.
      sending ??= Promise.resolve().then(send)
    },
  }
}

async function tell(options: EventRecorderOptions, occurrence: Occurrence, clock: Clock): Promise<boolean> {
  const { name, series } = occurrence
  if (name !== undefined && series !== undefined) {
    const body = { series: seriesBody(series) }
    const contentType = 'application/merge-patch+json'
    const path = pathOf(events, { namespace: namespaceOf(occurrence), name })
    const answer = await options.client.request({ method: 'PATCH', path, contentType, body, timeoutMs: sendTimeoutMs })
    // The server forgets them after an hour.
    if (answer.kind === 'done' || answer.failure.status !== 404) return answer.kind === 'done'
  }
  return create(options, occurrence, clock)
}

const sendTimeoutMs = 10_000

async function create(options: EventRecorderOptions, occurrence: Occurrence, clock: Clock): Promise<boolean> {
  const { client, controller, instance } = options
  const { happening, note, series } = occurrence
  const { regarding, type, reason, action } = happening
  const namespace = namespaceOf(occurrence)
  const name = `${nameFrom(regarding.name)}.${randomBytes(8).toString('hex')}`
  const request: KubeRequest = {
    method: 'POST',
    path: pathOf(events, { namespace }),
    timeoutMs: sendTimeoutMs,
    body: {
      metadata: { name, namespace },
      eventTime: microTime(clock.now()),
      type,
      reason: reason.slice(0, longestWord),
      action: action.slice(0, longestWord),
      note: cutBytes(note),
      regarding,
      reportingController: controller,
      reportingInstance: instance.slice(0, longestWord),
      ...(series === undefined ? {} : { series: seriesBody(series) }),
    },
  }
  const answer = await client.request(request)
  if (answer.kind === 'failed') return false
  occurrence.name = name
  return true
}

/** Some kinds take what a name of an Event may not have: `system:admin`. */
function nameFrom(name: string): string {
  const parts = name
    .toLowerCase()
    .slice(0, 200)
    .split(/[^a-z0-9-]+/)
  const words = parts.map((part) => part.replaceAll(/^-+|-+$/g, '')).filter((part) => part !== '')
  return words.join('.') || 'event'
}

/** Of what is in none, the one that kubectl looks in. */
function namespaceOf({ happening }: Occurrence): string {
  return happening.regarding.namespace ?? 'default'
}

function seriesBody({ count, lastAt }: Series): object {
  return { count, lastObservedTime: microTime(lastAt) }
}

/** The server counts bytes; a character is not cut. */
function cutBytes(note: string): string {
  const bytes = Buffer.from(note)
  if (bytes.length <= longestNoteBytes) return note
  return `${bytes.subarray(0, longestNoteBytes).toString('utf8').replace(/�+$/, '')}…`
}
