import { openBackoff, type Backoff } from '../backoff.ts'
import { pause, systemClock, type Clock } from '../clock.ts'
import { pathOf, type KubeObject, type Resource } from '../kube-object.ts'
import { failureOf, type KubeClient, type KubeRequest } from '../transport/kube-client.ts'
import { done, failed, statusError, type KubeError, type Outcome } from '../transport/kube-error.ts'
import { textLines } from '../transport/text-lines.ts'

/** What a reflector tells; called one at a time, never again after the signal. */
export interface ReflectorSink<T> {
  /** A list is asked for. */
  readonly begin: () => void
  /** Part of it, as it was at this version; told as it comes, so that no more than one page is held beside what is kept. */
  readonly page: (objects: readonly T[], resourceVersion: string) => void
  /** That was all: what was on no page is gone. */
  readonly listed: (resourceVersion: string) => void
  readonly upsert: (object: T) => void
  readonly remove: (object: T) => void
  /** Everything up to here has been told. */
  readonly bookmark: (resourceVersion: string) => void
  /** Why nothing comes at the moment; undefined when it comes again. */
  readonly problem: (failure: KubeError | undefined) => void
}

export interface ReflectorTiming {
  /** Objects in a page of a list at the most. */
  readonly pageSize: number
  /** Characters of a page, about: of large objects fewer are asked for at a time, since the process does nothing else while it reads them. */
  readonly pageLength: number
  /** After which the server ends a watch; 30 s more or less, so that not all end together. */
  readonly watchSeconds: number
  /**
   * A watch that is silent for so long is taken for dead, and opened anew at once: the server sends a bookmark every minute,
   * though none for a kind of which it has seen no change since it began.
   */
  readonly silenceMs: number
  /** A watch that lived for so long was healthy: the next failure counts as the first. No shorter than the longest pause. */
  readonly healthyMs: number
}

export interface ReflectorOptions<T> {
  readonly client: KubeClient
  readonly resource: Resource
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** Has the server send metadata alone. */
  readonly isMetadataOnly?: boolean
  /** What is kept of an object; the rest is dropped before the next page is read. */
  readonly project: (object: KubeObject) => T
  readonly sink: ReflectorSink<T>
  readonly clock?: Clock
  /** From 0 up to 1. */
  readonly random?: () => number
  readonly timing?: Partial<ReflectorTiming>
}

const defaultTiming: ReflectorTiming = {
  pageSize: 500,
  pageLength: 250_000,
  watchSeconds: 290,
  silenceMs: 75_000,
  healthyMs: 30_000,
}
const backoffPolicy = { firstMs: 800, factor: 2, longestMs: 30_000 }
/** A watch that the server ends sooner has failed, or a server that hangs up at once would be asked without a pause. */
const shortestWatchMs = 1_000
const pageTimeoutMs = 60_000
/** Before it is known how large they are. */
const firstPageSize = 20
const partialList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
const partialObject = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'

/**
 * Tells the sink all objects of a kind, and from then on every change, until the signal is aborted.
 *
 * It does not end otherwise, and nothing is left out: after a connection that was reset, that went silent without a word, or that the server ended,
 * it goes on from the last change that it saw; when the server has forgotten that one (410), everything is listed again. It asks in pages, pauses
 * longer after each failure, and never shorter than the server wants.
 */
export async function reflect<T>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<void> {
  const reflector = prepare(options, signal)
  const { sink, clock, backoff, timing } = reflector
  let version: string | undefined
  while (!signal.aborted) {
    const startedAt = clock.elapsed()
    const end = await listAndWatch(reflector, version)
    if (signal.aborted) return
    version = end.version
    const livedMs = clock.elapsed() - startedAt
    if (livedMs >= timing.healthyMs) backoff.reset()
    if (end.isSilent === true) continue
    if (end.failure !== undefined) sink.problem(end.failure)
    else if (livedMs >= shortestWatchMs) continue
    await pause(clock, Math.max(backoff.nextMs(), end.failure?.retryAfterMs ?? 0), signal)
  }
}

/** Until the watch ends; without a version to go on from it lists first. */
async function listAndWatch<T>(reflector: Reflector<T>, version: string | undefined): Promise<WatchEnd> {
  const from: Outcome<string> = version === undefined ? await list(reflector) : done(version)
  if (from.kind === 'failed') return { version: undefined, failure: from.failure }
  const end = await watch(reflector, from.value)
  return end.failure?.status === 410 ? { ...end, version: undefined } : end
}

interface Reflector<T> {
  readonly options: ReflectorOptions<T>
  readonly sink: ReflectorSink<T>
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly random: () => number
  readonly backoff: Backoff
  readonly timing: ReflectorTiming
  readonly request: Pick<KubeRequest, 'method' | 'path'>
  readonly selectors: NonNullable<KubeRequest['query']>
}

function prepare<T>(options: ReflectorOptions<T>, signal: AbortSignal): Reflector<T> {
  const { resource, namespace, labelSelector, fieldSelector, random = Math.random, clock = systemClock, sink } = options
  const timing = { ...defaultTiming, ...options.timing }
  const request = { method: 'GET', path: pathOf(resource, { namespace }) } as const
  const backoff = openBackoff(backoffPolicy, random)
  return { options, sink, signal, clock, random, backoff, timing, request, selectors: { labelSelector, fieldSelector } }
}

interface Page<T> {
  readonly objects: readonly T[]
  readonly resourceVersion: string
  readonly next: string | undefined
  /** In characters. */
  readonly length: number
}

async function list<T>({ options, sink, signal, request, selectors, timing }: Reflector<T>): Promise<Outcome<string>> {
  const { client, project, isMetadataOnly = false } = options
  const accept = isMetadataOnly ? { accept: partialList } : {}
  let next: string | undefined
  let limit = Math.min(firstPageSize, timing.pageSize)
  sink.begin()
  for (;;) {
    const asked = {
      ...request,
      ...accept,
      query: { ...selectors, limit, continue: next },
      signal,
      timeoutMs: pageTimeoutMs,
    }
    const answer = await client.read(asked, (text) => pageIn(text, project))
    if (answer.kind === 'failed') return answer
    if (signal.aborted) return failed(failureOf({ ...request, signal }, signal.reason))
    const { objects, resourceVersion } = answer.value
    sink.page(objects, resourceVersion)
    next = answer.value.next
    limit = nextPageSize(answer.value, timing)
    if (next === undefined) {
      sink.listed(resourceVersion)
      sink.problem(undefined)
      return done(resourceVersion)
    }
  }
}

function nextPageSize({ objects, length }: Page<unknown>, { pageSize, pageLength }: ReflectorTiming): number {
  const fitting = Math.floor((pageLength * objects.length) / Math.max(1, length))
  return Math.max(1, Math.min(pageSize, fitting))
}

/** In a function of its own: of the page's text and tree nothing is reachable when it returns. */
function pageIn<T>(text: string, project: (object: KubeObject) => T): Page<T> {
  const { items, metadata } = JSON.parse(text) as {
    readonly items: readonly KubeObject[] | null
    readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  }
  const { resourceVersion, continue: next } = metadata
  const objects = (items ?? []).map(project)
  return { objects, resourceVersion, next: next === '' ? undefined : next, length: text.length }
}

interface WatchEnd {
  /** To go on from. */
  readonly version: string | undefined
  /** Undefined when the server has ended it as agreed. */
  readonly failure: KubeError | undefined
  /** Nothing came for too long. That may be no failure at all. */
  readonly isSilent?: boolean
}

async function watch<T>(reflector: Reflector<T>, from: string): Promise<WatchEnd> {
  const { options, sink, signal, request, selectors, timing, clock, random } = reflector
  const ending = new AbortController()
  const both = AbortSignal.any([signal, ending.signal])
  const timeoutSeconds = Math.max(
    1,
    Math.round(timing.watchSeconds + (random() * 2 - 1) * Math.min(30, timing.watchSeconds / 2)),
  )
  const query = { ...selectors, watch: true, allowWatchBookmarks: true, resourceVersion: from, timeoutSeconds }
  const accept = options.isMetadataOnly === true ? { accept: partialObject } : {}
  const opened = await options.client.stream({ ...request, ...accept, query, signal: both })
  if (opened.kind === 'failed') return { version: from, failure: opened.failure }
  sink.problem(undefined)
  const silence = openSilence(clock, timing.silenceMs, () => ending.abort(new DOMException('silent', 'TimeoutError')))
  let version = from
  try {
    for await (const line of textLines(heard(opened.value, silence.heard))) {
      if (signal.aborted) break
      const told = tell(line, options)
      if (told.kind === 'failed') return { version, failure: told.failure }
      version = told.value
    }
    return { version, failure: undefined }
  } catch (error) {
    if (ending.signal.aborted) return { version, failure: undefined, isSilent: true }
    return { version, failure: failureOf({ ...request, signal }, error) }
  } finally {
    silence.end()
    ending.abort()
  }
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: KubeObject
}

/** Gives the version that is known from now on. */
function tell<T>(line: string, { project, sink, resource }: ReflectorOptions<T>): Outcome<string> {
  const { type, object } = JSON.parse(line) as WatchEvent
  if (type === 'ERROR') return failed(statusError(`watch of ${resource.plural}`, object))
  const { resourceVersion = '' } = object.metadata
  if (type === 'DELETED') sink.remove(project(object))
  else if (type !== 'BOOKMARK') sink.upsert(project(object))
  sink.bookmark(resourceVersion)
  return done(resourceVersion)
}

async function* heard(chunks: AsyncIterable<Uint8Array>, onChunk: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onChunk()
    yield chunk
  }
}

/** Calls `onSilence` once nothing was heard for so long. */
function openSilence(
  clock: Clock,
  silenceMs: number,
  onSilence: () => void,
): { readonly heard: () => void; readonly end: () => void } {
  let heardAt = clock.elapsed()
  const look = (): void => {
    const remainingMs = heardAt + silenceMs - clock.elapsed()
    if (remainingMs <= 0) onSilence()
    else cancel = clock.setTimer(remainingMs, look)
  }
  let cancel = clock.setTimer(silenceMs, look)
  return {
    heard: () => {
      heardAt = clock.elapsed()
    },
    end: () => cancel(),
  }
}
