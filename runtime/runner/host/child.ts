import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { sleep } from '../../clock.ts'
import type { CancelTimer } from '../../clock.ts'
import { frame } from '../../shim/frames.cjs'
import type { Call, CallResult, ChildSpec, ComponentFailure } from '../component-host.ts'
import { ChildCalls } from './child-calls.ts'
import { childEnvironment } from './child-environment.ts'
import { failureIn } from './child-json.ts'
import type { ChildExit, LaunchedChild } from './child-launcher.ts'
import type { ChildOutput } from './child-output.ts'
import { openChildOutput } from './child-output.ts'
import type { ChildSocket } from './child-socket.ts'
import { openChildSocket } from './child-socket.ts'
import type { DeathCause } from './decide/judge-death.ts'
import { judgeDeath } from './decide/judge-death.ts'
import { heapMb } from './decide/share-memory.ts'
import type { FrameHandler } from './frame-handler.ts'
import type { HostLimits, HostOptions } from './host-options.ts'
import { maskFailure } from './mask-failure.ts'
import { openTimeOut } from './time-out.ts'
import type { TimeOut } from './time-out.ts'

export interface ChildOptions {
  readonly host: HostOptions
  readonly limits: HostLimits
  readonly spec: ChildSpec
  /** Megabytes that it may use, its heap included. */
  readonly limitMb: number
  /** The call that it is started for. */
  readonly firstCall: Call
  /** Where it finds the runner: in a directory that only this user can enter. */
  readonly socketPath: Promise<string>
  /** It can take calls, or a call has ended. */
  readonly onReady: () => void
  /** Died with other calls: alone in a child it will show which it was. */
  readonly onSuspect: (call: Call) => void
}

/** What a child may still do after its process has ended or its connection is lost. */
const lastWordsMs = 1000

/** One process of a component, from its launch to its end. */
export class Child {
  readonly placedAtMs: number
  /** Never rejects; a failure says why it never came to life. */
  readonly gone: Promise<ComponentFailure | undefined>
  readonly #options: ChildOptions
  readonly #output: ChildOutput
  #door: ChildSocket | undefined
  #process: LaunchedChild | undefined
  #socket: Socket | undefined
  #calls: ChildCalls | undefined
  #timeOut: TimeOut | undefined
  #cancelTimer: CancelTimer
  #cause: DeathCause | undefined
  #crash: ComponentFailure | undefined
  #isLeaving = false
  #onSocketClosed: () => void = () => {}
  readonly #socketClosed = new Promise<void>((resolve) => (this.#onSocketClosed = resolve))

  constructor(options: ChildOptions) {
    const { host, limits, spec } = options
    this.#options = options
    this.placedAtMs = host.clock.now()
    this.#output = openChildOutput({
      clock: host.clock,
      linesPerSecond: limits.logLinesPerSecond,
      labels: spec.labels,
      mask: (text) => this.#calls?.mask(text) ?? text,
      onLog: host.onLog,
    })
    this.#cancelTimer = host.clock.setTimer(limits.loadTimeoutMs, () =>
      this.kill({ kind: 'notLoaded', afterMs: limits.loadTimeoutMs, calls: new Set() }),
    )
    this.gone = this.#live().catch((error: unknown) =>
      startFailure(error instanceof Error ? error.message : String(error)),
    )
  }

  get state(): 'starting' | 'ready' | 'leaving' {
    if (this.#isLeaving) return 'leaving'
    return this.#calls === undefined ? 'starting' : 'ready'
  }

  /** An endless trigger lives here. */
  get keepsPlace(): boolean {
    return this.#options.spec.keepAlive === true
  }

  /** What it may use, its heap included. */
  get limitMb(): number {
    return this.#options.limitMb
  }

  get running(): number {
    return this.#calls?.running.size ?? 0
  }

  get usedAtMs(): number {
    return this.#calls?.usedAtMs ?? this.placedAtMs
  }

  /** Of a ready child only. */
  start(call: Call, resolve: (result: CallResult) => void): void {
    this.#calls?.start(call, resolve)
  }

  /** Takes no more calls, and ends when it has none. Safe to repeat. */
  leave(): void {
    this.#isLeaving = true
    if (this.running > 0) return
    if (this.#socket === undefined) return this.kill({ kind: 'closing' })
    this.#socket.end()
    this.#killSoon()
  }

  /** Safe to repeat; the first cause counts. */
  kill(cause: DeathCause): void {
    this.#isLeaving = true
    this.#cause ??= cause
    this.#process?.kill()
  }

  /** Kills it when it uses more than its heap and what goes beside it. */
  async checkMemory(): Promise<void> {
    const { limitMb } = this
    const usedMb = Math.round(((await this.#process?.rssBytes()) ?? 0) / 2 ** 20)
    if (usedMb > limitMb) this.kill({ kind: 'tooMuchMemory', usedMb, limitMb })
  }

  /** From launch to grave; gives the failure of one that never lived. */
  async #live(): Promise<ComponentFailure | undefined> {
    try {
      const exit = await this.#launch()
      // Its connection may outlive it for a moment, above all where a supervisor has told of its end.
      this.#isLeaving = true
      if (this.#socket === undefined) return this.#stillborn(exit)
      await this.#lastWords()
      this.#bury(exit)
      return undefined
    } finally {
      this.#isLeaving = true
      this.#cancelTimer()
      this.#timeOut?.close()
      this.#output.flush()
      this.#door?.close()
      this.#socket?.destroy()
    }
  }

  /** What it has sent is read to the end, within reason: emits, its own last words, and V8's on standard error. */
  async #lastWords(): Promise<void> {
    const enough = new AbortController()
    const limit = sleep(this.#options.host.clock, lastWordsMs, enough.signal).catch(() => {})
    await Promise.race([
      limit,
      Promise.all([this.#socketClosed, ended(this.#process?.stdout), ended(this.#process?.stderr)]),
    ])
    enough.abort()
  }

  async #launch(): Promise<ChildExit> {
    const { host, limits, spec, firstCall, socketPath } = this.#options
    this.#door = await openChildSocket({
      path: await socketPath,
      onConnect: (socket) => this.#onConnect(socket),
      onLost: (reason) => this.#onLost(reason),
    })
    const settings = {
      socket: this.#door.path,
      token: this.#door.token,
      dialect: spec.dialect,
      quietCapMs: waitsUntilQuiet(spec) ? limits.quietCapMs : 0,
    }
    const env = { ...childEnvironment(host.environment, firstCall), WEIR_SHIM: JSON.stringify(settings) }
    const usualMb = limits.maxHeapMb + limits.beyondHeapMb
    const maxHeapMb = spec.maxHeapMb ?? heapMb(this.limitMb, { usualMb, heapMb: limits.maxHeapMb })
    // The runner may have been closed meanwhile.
    if (this.#cause !== undefined) return { kind: 'notStarted', reason: 'the runner is closing' }
    const process = host.launcher.launch({ directory: spec.directory, env, maxHeapMb })
    this.#process = process
    if (process.stdout !== undefined) this.#output.attach(process.stdout, 'stdout')
    if (process.stderr !== undefined) this.#output.attach(process.stderr, 'stderr')
    return process.exited
  }

  #onConnect(socket: Socket): FrameHandler {
    const { host, limits, onReady } = this.#options
    this.#cancelTimer()
    this.#socket = socket
    const onEnded = (): void => {
      if (this.#isLeaving && this.running === 0) this.leave()
      onReady()
    }
    const onLimit = (limitMs: number): void => this.#timeOut?.arm(limitMs)
    const calls = new ChildCalls(socket, { clock: host.clock, limits, onEnded, onLimit })
    this.#calls = calls
    const { loadTimeoutMs } = limits
    this.#timeOut = openTimeOut(calls, { clock: host.clock, loadTimeoutMs, onTimeOut: (cause) => this.kill(cause) })
    if (this.#isLeaving) this.leave()
    else onReady()
    return (type, number, values) => {
      if (type === frame.log) this.#output.log(values.text())
      else if (type === frame.crash) this.#crash = maskFailure(failureIn(values.text()), (text) => calls.mask(text))
      else if (type === frame.pong) this.#timeOut?.onPong()
      else calls.onFrame(type, number, values)
    }
  }

  #onLost(reason: string | undefined): void {
    if (reason !== undefined) this.kill({ kind: 'notSpeaking', reason })
    this.#onSocketClosed()
    this.#isLeaving = true
    this.#killSoon()
  }

  /** For one that has been asked to go, or has nothing left to do here. */
  #killSoon(): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#options.host.clock.setTimer(lastWordsMs, () => this.#process?.kill())
  }

  #stillborn(exit: ChildExit): ComponentFailure | undefined {
    if (this.#cause?.kind === 'closing') return undefined
    if (this.#cause?.kind === 'notLoaded') return startFailure('its process did not connect to the runner in time')
    return startFailure(`${describe(exit)} ${this.#output.stderrTail()}`.trim())
  }

  #bury(exit: ChildExit): void {
    const stderrTail = this.#output.stderrTail()
    const crash = this.#crash === undefined ? {} : { crash: this.#crash }
    const cause = this.#cause ?? { kind: 'exited', exit: describe(exit), stderrTail, ...crash }
    const { dialect } = this.#options.spec
    const isAlone = this.running === 1
    this.#calls?.fail(({ number, call }) => {
      const { failure, isInnocent, isSuspect } = judgeDeath(cause, {
        number,
        timeoutMs: call.timeoutMs,
        dialect,
        isAlone,
      })
      if (isSuspect) this.#options.onSuspect(call)
      return { kind: 'died', failure, ...(isInnocent && { innocent: true }) }
    })
  }
}

export function startFailure(reason: string): ComponentFailure {
  return { code: 'ComponentStartFailed', message: `the component's process could not be started: ${reason}` }
}

function describe(exit: ChildExit): string {
  if (exit.kind === 'notStarted') return exit.reason
  return exit.signal === undefined ? `it exited with code ${exit.code ?? 'unknown'}` : `it was ended by ${exit.signal}`
}

async function ended(stream: Readable | undefined): Promise<void> {
  // A stream that fails has ended as well.
  if (stream !== undefined) await finished(stream).catch(() => {})
}

/** With several messages in a process nobody can tell whose work goes on, and an endless trigger's always does. */
function waitsUntilQuiet(spec: ChildSpec): boolean {
  return spec.concurrency === 1 && spec.keepAlive !== true
}
