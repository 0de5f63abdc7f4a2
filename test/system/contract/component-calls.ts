import { fileURLToPath } from 'node:url'
import type { Clock } from '../../../runtime/clock.ts'
import { systemClock } from '../../../runtime/clock.ts'
import type { JsonObject } from '../../../crds/v1alpha1/meta.ts'
import type {
  Call,
  CallContext,
  CallResult,
  ChildSpec,
  ComponentHost,
  Emit,
} from '../../../runtime/runner/component-host.ts'
import type { ComponentLogLine, HostLimits } from '../../../runtime/runner/host/host-options.ts'
import type { ChildLauncher } from '../../../runtime/runner/host/child-launcher.ts'
import { localLauncher } from '../../../runtime/runner/host/local-launcher.ts'
import { openComponentHost } from '../../../runtime/runner/host/open-component-host.ts'

/** One call of a fixture, with the rest of a `Call` filled in. */
export interface FixtureCall {
  /** Directory under test/fixtures/components. */
  readonly component?: string
  /** File of the function. */
  readonly main: string
  /** Of a function whose file nobody has named; `main` is then empty. */
  readonly function?: string
  readonly dialect?: 'oih' | 'elasticio'
  readonly data?: unknown
  /** In place of `data`: the message itself. */
  readonly message?: unknown
  readonly config?: JsonObject
  readonly secrets?: readonly string[]
  readonly snapshot?: unknown
  readonly context?: Partial<CallContext>
  readonly timeoutMs?: number
  readonly child?: Partial<ChildSpec>
  readonly signal?: AbortSignal
  readonly onStart?: () => void
  readonly onEmit?: (emit: Emit) => Promise<void>
}

export interface Emitted {
  readonly kind: Emit['kind']
  readonly value: unknown
}

/** What came of a call; the late emits may still grow. */
export interface Answer {
  readonly result: CallResult
  readonly emits: Emitted[]
  readonly late: Emitted[]
}

export interface TestHost {
  readonly host: ComponentHost
  readonly logs: ComponentLogLine[]
  readonly call: (call: FixtureCall) => Promise<Answer>
}

const fixtures = fileURLToPath(new URL('../../fixtures/components/', import.meta.url))
let messages = 0

export function openTestHost(
  options: {
    readonly nodePath?: string
    readonly limits?: Partial<HostLimits>
    readonly clock?: Clock
    readonly launcher?: ChildLauncher
  } = {},
): TestHost {
  const logs: ComponentLogLine[] = []
  const { nodePath, limits, clock = systemClock } = options
  const host = openComponentHost({
    clock,
    launcher: options.launcher ?? localLauncher(nodePath === undefined ? {} : { nodePath }),
    environment: { ...process.env, SECRET_OF_THE_RUNNER: 'seen' },
    onLog: (line) => logs.push(line),
    ...(limits !== undefined && { limits }),
  })
  return { host, logs, call: (call) => callFixture(host, call) }
}

async function callFixture(host: ComponentHost, fixture: FixtureCall): Promise<Answer> {
  const emits: Emitted[] = []
  const late: Emitted[] = []
  let hasResult = false
  const result = await host.call({
    ...toCall(fixture),
    onEmit: async (emit) => {
      ;(hasResult ? late : emits).push({ kind: emit.kind, value: valueOf(emit) })
      await fixture.onEmit?.(emit)
    },
  })
  hasResult = true
  return { result, emits, late }
}

function toCall({ component = 'behaviours', main, dialect = 'oih', ...fixture }: FixtureCall): Omit<Call, 'onEmit'> {
  const { name, file } = placeOf(main, fixture.function)
  const context = { flow: 'contacts', namespace: 'default', step: name, run: 'run-1', attempt: 1 }
  return {
    child: {
      key: `${component}/${main}/${dialect}`,
      directory: `${fixtures}${component}`,
      dialect,
      isolation: 'process',
      env: {},
      concurrency: 1,
      labels: { flow: 'contacts', step: name },
      ...fixture.child,
    },
    function: {
      name,
      kind: 'action',
      main: file,
      emits: 'many',
      snapshot: false,
      checkpoint: false,
    },
    message: messageOf(fixture),
    config: fixture.config ?? {},
    snapshot: fixture.snapshot ?? {},
    context: { ...context, messageId: `message-${(messages += 1)}`, ...fixture.context },
    timeoutMs: fixture.timeoutMs ?? 20_000,
    ...(fixture.secrets && { secrets: fixture.secrets }),
    ...(fixture.signal && { signal: fixture.signal }),
    ...(fixture.onStart && { onStart: fixture.onStart }),
  }
}

function placeOf(main: string, name = main.replace(/\.m?js$/, '')): { readonly name: string; readonly file: string } {
  return { name, file: main === '' ? '' : `./${main}` }
}

function messageOf({
  data = {},
  message = { data, metadata: {}, attachments: {} },
}: Omit<FixtureCall, 'main'>): Buffer {
  return Buffer.from(JSON.stringify(message))
}

/** The data of the first message that came out. */
export function dataOf({ emits }: Pick<Answer, 'emits'>): unknown {
  const first = emits.find(({ kind }) => kind === 'data')
  if (first === undefined) throw new Error('nothing was emitted')
  return (first.value as { readonly data: unknown }).data
}

function valueOf(emit: Emit): unknown {
  switch (emit.kind) {
    case 'data':
      return JSON.parse(emit.message.toString('utf8'))
    case 'error':
      return emit.failure
    case 'rebound':
      return emit.reason
    case 'updateKeys':
      return emit.keys
    case 'httpReply':
      return emit.reply
    default:
      return emit.value
  }
}
