/** What came of a request. A refusal is an answer like any other: nothing is thrown for it. */
export type Outcome<T> =
  { readonly kind: 'done'; readonly value: T } | { readonly kind: 'failed'; readonly failure: KubeError }

/** Why there is nothing: the server says no, cannot be reached, did not answer in time, was not waited for, or must not be asked. */
export type FailureKind = 'refused' | 'unreachable' | 'late' | 'aborted' | 'fenced'

/** One thing that the server finds wrong with what it was sent. */
export interface FailureCause {
  readonly reason?: string
  readonly field?: string
  readonly message?: string
}

interface FailureParts {
  readonly kind: FailureKind
  readonly status?: number
  readonly reason: string
  readonly retryAfterMs?: number | undefined
  readonly causes?: readonly FailureCause[]
  readonly objectName?: string | undefined
  readonly cause?: unknown
}

/** A request that failed. An error, so that who cannot decide may throw it; `orThrow` does. */
export class KubeError extends Error {
  override readonly name = 'KubeError'
  readonly kind: FailureKind
  /** Of HTTP; 0 without an answer. */
  readonly status: number
  /** The server's word for it (`NotFound`, `Conflict`, `Expired`), or `Unreachable`, `Timeout`, `Aborted`, `Fenced`. */
  readonly reason: string
  /** When the server wants to be asked again. */
  readonly retryAfterMs: number | undefined
  /** By field, where an object is invalid. */
  readonly causes: readonly FailureCause[]
  /**
   * Which object the server speaks of. A 404 without it does not say that an object is gone: its kind is not served, or something before the server
   * has answered.
   */
  readonly objectName: string | undefined

  constructor(
    message: string,
    { kind, status = 0, reason, retryAfterMs, causes = [], objectName, cause }: FailureParts,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.status = status
    this.reason = reason
    this.retryAfterMs = retryAfterMs
    this.causes = causes
    this.objectName = objectName
  }
}

/** @throws {KubeError} when there is none */
export function orThrow<T>(outcome: Outcome<T>): T {
  if (outcome.kind === 'failed') throw outcome.failure
  return outcome.value
}

export function done<T>(value: T): Outcome<T> {
  return { kind: 'done', value }
}

export function failed(failure: KubeError): { readonly kind: 'failed'; readonly failure: KubeError } {
  return { kind: 'failed', failure }
}

/** What the server calls a Status; of the answers that are none (a proxy's page) the status alone is known. */
interface StatusBody {
  readonly kind?: string
  readonly reason?: string
  readonly message?: string
  readonly code?: number
  readonly details?: {
    readonly name?: string
    readonly retryAfterSeconds?: number
    readonly causes?: readonly FailureCause[]
  }
}

interface Refusal {
  readonly status: number
  readonly text: string
  /** The header `Retry-After`, in seconds. */
  readonly retryAfter?: string | undefined
}

/** @param what for the message: method and path */
export function refusal(what: string, { status, text, retryAfter }: Refusal): KubeError {
  return refusalOf(what, statusIn(text) ?? { message: text.slice(0, 300) }, status, retryAfter)
}

/** Of a Status that came as an event of a watch. */
export function statusError(what: string, body: unknown): KubeError {
  const status = (body ?? {}) as StatusBody
  return refusalOf(what, status, status.code ?? 500)
}

function refusalOf(what: string, body: StatusBody, status: number, retryAfter?: string): KubeError {
  const { name: objectName, causes = [], retryAfterSeconds } = body.details ?? {}
  const seconds = Number(retryAfter ?? retryAfterSeconds ?? Number.NaN)
  return new KubeError(`${what}: ${status} ${body.message ?? body.reason ?? ''}`.trim(), {
    kind: 'refused',
    status,
    reason: body.reason ?? reasons[status] ?? 'Unknown',
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
    causes,
    objectName,
  })
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
}

function statusIn(text: string): StatusBody | undefined {
  try {
    const body = JSON.parse(text) as StatusBody
    return body?.kind === 'Status' ? body : undefined
  } catch {
    return undefined
  }
}
