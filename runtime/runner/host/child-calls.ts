import type { Socket } from 'node:net'
import type { Clock } from '../../clock.ts'
import type { NumberTable } from '../../number-table.ts'
import { emptyTable, putAt, removeAt, valueAt, valuesOf } from '../../number-table.ts'
import { emitKinds, frame, frameWriter } from '../../shim/frames.cjs'
import type { Call, CallContext, CallResult, ChildSpec, Emit } from '../component-host.ts'
import { emitIn, failureIn } from './child-json.ts'
import type { CallTime } from './call-time.ts'
import { hold, release, startTime } from './call-time.ts'
import type { EndedCalls } from './ended-calls.ts'
import { endedCalls } from './ended-calls.ts'
import type { FrameValues } from './frame-handler.ts'
import type { HostLimits } from './host-options.ts'
import { maskFailure } from './mask-failure.ts'
import type { MaskSecrets } from './mask-secrets.ts'
import { maskSecrets } from './mask-secrets.ts'
import { secretsIn } from './secrets-in.ts'

/** A call in a child. */
export interface RunningCall {
  readonly number: number
  readonly origin: number
  readonly call: Call
  readonly resolve: (result: CallResult) => void
  readonly time: CallTime
  /** Its function is being loaded; the time-out begins after that. */
  isLoading: boolean
  openEmits: number
  /** Known, but not told before the last of its emits is confirmed. */
  result?: CallResult
}

export interface ChildCallsOptions {
  readonly clock: Clock
  readonly limits: HostLimits
  /** A call has this long from now. */
  readonly onLimit: (limitMs: number) => void
  /** A call has ended, by itself. */
  readonly onEnded: () => void
}

/** The calls of one child over its connection: what goes to it, what it emits, what is confirmed. */
export class ChildCalls {
  /** By number. */
  readonly running: NumberTable<RunningCall> = emptyTable()
  /** Of the last call, end or emit. */
  usedAtMs: number
  readonly #options: ChildCallsOptions
  readonly #socket: Socket
  readonly #writer: ReturnType<typeof frameWriter>
  readonly #ended: EndedCalls = endedCalls()
  readonly #origins = new Map<string, number>()
  /** What calls of one spec have in common, as long as they do: mostly they are calls of one step. */
  readonly #places = new WeakMap<ChildSpec, Place>()
  readonly #loaded = new Set<string>()
  #lastNumber = 0
  #last: Secretive | undefined
  /** Of these calls; made when it is needed. */
  #mask: MaskSecrets | undefined
  #unconfirmed = 0
  #unconfirmedBytes = 0
  #isHeldBack = false

  constructor(socket: Socket, options: ChildCallsOptions) {
    this.#socket = socket
    this.#writer = frameWriter(socket)
    this.#options = options
    this.usedAtMs = options.clock.now()
  }

  start(call: Call, resolve: (result: CallResult) => void): void {
    const number = (this.#lastNumber += 1)
    const now = this.#options.clock.now()
    const place = this.#placeOf(call)
    const { origin } = place
    const isLoading = !this.#loaded.has(call.function.main)
    const running: RunningCall = { number, origin, call, resolve, time: startTime(now), isLoading, openEmits: 0 }
    if (this.#isHeldBack) hold(running.time, now)
    putAt(this.running, number, running)
    this.#last = place
    this.#mask = undefined
    this.usedAtMs = now
    this.#send(running, place)
    this.#options.onLimit(isLoading ? this.#options.limits.loadTimeoutMs : call.timeoutMs)
    call.onStart?.()
  }

  #send({ number, call: { context, snapshot, message } }: RunningCall, { origin, configJson }: Place): void {
    const { attempt, run, messageId } = context
    this.#writer.send(
      frame.call,
      number,
      origin,
      attempt,
      run,
      messageId,
      rareJson(context),
      configJson,
      JSON.stringify(snapshot) ?? '{}',
      message,
    )
  }

  /** @throws {RangeError | SyntaxError} when the values do not fit the frame */
  onFrame(type: number, number: number, values: FrameValues): void {
    if (type === frame.emit) return this.#onEmit(number, values)
    const running = valueAt(this.running, number)
    if (running === undefined) return
    if (type === frame.ended) this.#settle(running, { kind: 'ended' })
    else if (type === frame.started) this.#onStarted(running)
    else if (type === frame.loadFailed) {
      this.#settle(running, { kind: 'died', failure: maskFailure(failureIn(values.text()), (text) => this.mask(text)) })
    }
  }

  /** Hides what the calls that the child has now, and had last, keep secret. */
  mask(text: string): string {
    this.#mask ??= maskSecrets(this.#secrets())
    return this.#mask(text)
  }

  #secrets(): string[] {
    const last = this.#last === undefined ? [] : [this.#last]
    const calls = [...valuesOf(this.running).map(({ call }) => call), ...last]
    return [...new Set(calls.flatMap(({ config, secrets = [] }) => [...secretsIn(config), ...secrets]))]
  }

  ping(): void {
    this.#writer.send(frame.ping, 0)
  }

  /** The child is dead. What had ended before has ended well. */
  fail(resultOf: (running: RunningCall) => CallResult): void {
    const inOrder = valuesOf(this.running).toSorted((left, right) => left.number - right.number)
    for (const running of inOrder) this.#settle(running, running.result ?? resultOf(running))
  }

  /** The time-out of all that waited for this file begins: the child says so only of calls it had when it was not loaded. */
  #onStarted({ call: { function: started } }: RunningCall): void {
    this.#loaded.add(started.main)
    for (const running of valuesOf(this.running)) {
      if (!running.isLoading || running.call.function.main !== started.main) continue
      running.isLoading = false
      running.time.startedAtMs = this.#options.clock.now()
      this.#options.onLimit(running.call.timeoutMs)
    }
  }

  /** The result is known; it is told when no emit of the call is open any more. */
  #settle(running: RunningCall, result: CallResult): void {
    running.result = result
    if (running.openEmits === 0) this.#tell(running, result)
  }

  #tell(running: RunningCall, result: CallResult): void {
    removeAt(this.running, running.number)
    this.#mask = undefined
    this.usedAtMs = this.#options.clock.now()
    if (result.kind === 'ended') {
      this.#loaded.add(running.call.function.main)
      this.#ended.keep(running.number, running.origin, running.call)
    }
    running.resolve(result)
    this.#options.onEnded()
  }

  #onEmit(number: number, values: FrameValues): void {
    const origin = values.number()
    const emitNumber = values.number()
    const kind = emitKinds[values.number()]
    const json = values.bytes()
    const running = valueAt(this.running, number)
    const onEmit = running?.call.onEmit ?? this.#ended.find(number, origin)
    if (kind === undefined || onEmit === undefined) throw new RangeError('an emit of an unknown kind or call')
    // Before it is counted: what cannot be read is never answered.
    const emit = this.#masked(emitIn(kind, json))
    const now = this.#options.clock.now()
    this.usedAtMs = now
    if (running !== undefined) {
      running.openEmits += 1
      hold(running.time, now)
    }
    const bytes = json.length
    this.#countOpen(1, bytes)
    accept(onEmit, emit).then(
      () => {
        if (emitNumber > 0 && !this.#socket.destroyed) this.#writer.send(frame.confirm, number, emitNumber)
        this.#answered(running, bytes)
      },
      (error: unknown) => {
        if (emitNumber > 0 && !this.#socket.destroyed)
          this.#writer.send(frame.refuse, number, emitNumber, reasonOf(error))
        this.#answered(running, bytes)
      },
    )
  }

  /** A message goes where the flow sends it, with whatever is in it. */
  #masked(emit: Emit): Emit {
    if (emit.kind !== 'error') return emit
    return { kind: 'error', failure: maskFailure(emit.failure, (text) => this.mask(text)) }
  }

  #answered(running: RunningCall | undefined, bytes: number): void {
    this.#countOpen(-1, -bytes)
    if (running === undefined) return
    running.openEmits -= 1
    release(running.time, this.#options.clock.now())
    if (running.openEmits === 0 && running.result !== undefined) this.#tell(running, running.result)
  }

  /** A child that emits faster than the runner confirms is not read from: it fills its own memory, not ours. */
  #countOpen(emits: number, bytes: number): void {
    this.#unconfirmed += emits
    this.#unconfirmedBytes += bytes
    const { unconfirmedEmits, unconfirmedBytes } = this.#options.limits
    const fullness = Math.max(this.#unconfirmed / unconfirmedEmits, this.#unconfirmedBytes / unconfirmedBytes)
    if (!this.#isHeldBack && fullness > 1) this.#holdBack(true)
    else if (this.#isHeldBack && fullness < 0.5) this.#holdBack(false)
  }

  /** Whatever the calls have to say waits in the socket meanwhile, so their time stands still. */
  #holdBack(isHeldBack: boolean): void {
    this.#isHeldBack = isHeldBack
    const now = this.#options.clock.now()
    if (isHeldBack) this.#socket.pause()
    else this.#socket.resume()
    for (const { time } of valuesOf(this.running)) (isHeldBack ? hold : release)(time, now)
  }

  #placeOf(call: Call): Place {
    const known = this.#places.get(call.child)
    if (known !== undefined && isSame(known, call)) return known
    const { function: called, timeoutMs, context, config, secrets } = call
    const { flow, step } = context
    const origin = this.#originOf(call)
    const place = { origin, called, timeoutMs, flow, step, config, secrets, configJson: JSON.stringify(config) }
    this.#places.set(call.child, place)
    return place
  }

  /** Names the step to the child, the first time with what its calls have in common. */
  #originOf({ context: { namespace, flow, step }, function: { name, main }, timeoutMs }: Call): number {
    const place = `${namespace}\n${flow}\n${step}\n${name}\n${main}\n${timeoutMs}`
    const known = this.#origins.get(place)
    if (known !== undefined) return known
    const origin = this.#origins.size
    this.#origins.set(place, origin)
    this.#writer.send(frame.step, origin, JSON.stringify({ function: name, main, flow, namespace, step, timeoutMs }))
    return origin
  }
}

/** What a call says of its secrets. */
interface Secretive extends Pick<Call, 'config'> {
  readonly secrets: Call['secrets'] | undefined
}

interface Place extends Secretive, Pick<Call, 'timeoutMs'>, Pick<CallContext, 'flow' | 'step'> {
  readonly origin: number
  readonly called: Call['function']
  readonly configJson: string
}

/** By identity where a step has one object for it. */
function isSame(place: Place, { function: called, timeoutMs, context, config, secrets }: Call): boolean {
  const isStep = place.flow === context.flow && place.step === context.step && place.called === called
  return isStep && place.timeoutMs === timeoutMs && place.config === config && place.secrets === secrets
}

/** What only some calls have of their context; most send nothing. */
function rareJson({ traceparent, reboundReason }: CallContext): string {
  if (traceparent === undefined && reboundReason === undefined) return ''
  return JSON.stringify({ traceparent, reboundReason })
}

function accept(onEmit: Call['onEmit'], emit: Emit): Promise<void> {
  try {
    return onEmit(emit)
  } catch (error) {
    return Promise.reject(error)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
