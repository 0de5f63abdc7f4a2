import { expect } from 'vitest'
import type { Emitted, FixtureCall } from './component-calls.ts'

/** One row of the contract: a component that behaves so, and what must come of it. */
export interface ContractRow extends FixtureCall {
  readonly name: string
  /** In order; `toMatchObject`. */
  readonly emits?: readonly Partial<Emitted>[]
  readonly late?: readonly Partial<Emitted>[]
  /** `ended` unless it says otherwise. */
  readonly died?: { readonly code: string; readonly message?: RegExp; readonly permanent?: true }
  /** The oldest Node that can parse the fixture. */
  readonly minNode?: number
}

const data = (value: unknown, rest: object = {}): Partial<Emitted> => ({
  kind: 'data',
  value: { data: value, ...rest },
})
const error = (value: object): Partial<Emitted> => ({ kind: 'error', value })
const both = ['oih', 'elasticio'] as const

/** A row for each dialect. */
function inBoth(row: ContractRow): ContractRow[] {
  return both.map((dialect) => ({ ...row, dialect, name: `${row.name} (${dialect})` }))
}

/** A row for each way to come by a value: at once, or by a promise. */
function returned(what: string, emits: readonly Partial<Emitted>[]): ContractRow[] {
  return inBoth({ name: `a promise of ${what}`, main: 'returns.js', data: { what, by: 'promise' }, emits })
}

const ends: ContractRow[] = [
  { name: 'oih: a function that returns nothing has ended', main: 'never-ends.js', emits: [] },
  {
    name: 'elasticio: a function that returns nothing is waited for until its time-out',
    main: 'never-ends.js',
    dialect: 'elasticio',
    timeoutMs: 300,
    died: { code: 'StepTimedOut', message: /had not ended after 0.3 s.*emits "end"/ },
  },
  ...['zero', 'empty', 'null', 'false'].map((what) => ({
    name: `elasticio: a falsy return (${what}) is nothing`,
    main: 'returns.js',
    dialect: 'elasticio' as const,
    data: { what },
    timeoutMs: 300,
    died: { code: 'StepTimedOut' },
  })),
  {
    name: 'elasticio: the explicit end of a callback-style function is awaited; ending twice is ending once',
    main: 'ends-later.js',
    dialect: 'elasticio',
    emits: [data({ n: 1 })],
  },
  {
    name: 'oih: work that a callback-style function left behind is awaited',
    main: 'ends-later.js',
    emits: [data({ n: 1 })],
  },
  ...inBoth({ name: 'a promise of nothing', main: 'returns.js', data: { what: 'nothing', by: 'promise' }, emits: [] }),
  ...inBoth({
    name: 'emits after the end are late, and lost by nobody',
    main: 'ends-early.js',
    emits: [],
    late: [data({ late: true })],
  }),
  ...inBoth({
    name: 'emits that nobody awaits are drained',
    main: 'unawaited.js',
    data: { count: 20, pauseMs: 0 },
    emits: numbered(20),
  }),
  ...inBoth({
    name: 'emits behind promises that nobody awaits belong to the call',
    main: 'unawaited.js',
    data: { count: 3, pauseMs: 20 },
    emits: numbered(3),
  }),
]

function numbered(count: number): Partial<Emitted>[] {
  return Array.from({ length: count }, (_each, n) => data({ n }))
}

const returns: ContractRow[] = [
  ...returned('message', [data({ a: 1 }, { metadata: { m: 1 }, attachments: { file: { url: 'x' } }, id: 'mine' })]),
  ...inBoth({ name: 'a message at once', main: 'returns.js', data: { what: 'message' }, emits: [data({ a: 1 })] }),
  ...returned('body', [data({ a: 1 })]),
  ...returned('plain', [data({ a: 1, id: 7 })]),
  ...returned('bare', [data({}, { metadata: { m: 1 } })]),
  ...returned('string', [data('text')]),
  ...returned('number', [data(7)]),
  ...returned('array', [data([1, 2])]),
  ...returned('frozen', [data({ a: 1 })]),
  ...['zero', 'empty', 'null', 'false'].flatMap((what) => returned(what, [])),
  ...returned('error', [data({ name: 'TypeError', message: 'inside', status: 500 })]),
  ...returned('nestedError', [data({ list: [{ error: { name: 'Error', message: 'deep' } }] })]),
  ...returned('errorField', [data({ error: { message: 'field' } })]),
  ...returned('circular', [error({ code: 'EmitFailed', message: expect.stringMatching(/JSON.*circular/i) })]),
  ...inBoth({ name: 'a function as the module', main: 'function-export.js', emits: [data({ exported: 'function' })] }),
  ...inBoth({ name: 'a default export', main: 'compiled.js', emits: [data({ from: 'default' })] }),
  ...inBoth({
    name: 'a generator is driven',
    main: 'generator.js',
    emits: [data({ emitted: true }), data({ sum: 6, caught: 'thrown in' })],
  }),
  ...inBoth({
    name: 'an async generator gives what it yields',
    main: 'async-generator.js',
    emits: [data({ n: 1 }), data({ n: 2 })],
    minNode: 10,
  }),
  ...inBoth({ name: 'an ES module', main: 'module.mjs', emits: [data({ from: 'esm' })], minNode: 12 }),
  ...inBoth({
    name: 'emit of nothing is an empty message',
    main: 'emits-odd.js',
    data: { what: 'undefined' },
    emits: [data({})],
  }),
  ...inBoth({ name: 'emit of zero is data', main: 'emits-odd.js', data: { what: 'zero' }, emits: [data(0)] }),
  ...inBoth({
    name: 'an emit that is no JSON is an error even when nobody awaits it',
    main: 'emits-odd.js',
    data: { what: 'unawaited' },
    emits: [error({ code: 'EmitFailed' })],
  }),
  ...inBoth({
    name: 'keys that are no object in JSON are an error',
    main: 'emits-odd.js',
    data: { event: 'updateKeys', what: 'date' },
    emits: [error({ code: 'EmitFailed', message: "emit('updateKeys') takes an object" })],
  }),
  ...inBoth({
    name: 'a part of a snapshot that is no object is an error',
    main: 'emits-odd.js',
    data: { event: 'updateSnapshot', what: 'list' },
    emits: [error({ code: 'EmitFailed', message: "emit('updateSnapshot') takes an object" })],
  }),
]

const failures = {
  error: {
    code: 'ComponentFailed',
    name: 'RangeError',
    message: 'too far',
    stack: expect.stringContaining('fails.js'),
  },
  coded: { code: 'CardDeclined', message: 'declined', permanent: true, retryAfterSeconds: 3 },
  string: { code: 'ComponentFailed', message: 'just text' },
  plain: { code: 'ComponentFailed', message: 'plain' },
  named: { name: 'Odd', message: 'named' },
  nested: { message: 'nested reason' },
  foreign: { name: 'Error', message: 'another realm' },
  nothing: { message: 'Not Available' },
  object: { message: '{"status":500}' },
  hostile: { code: 'ComponentFailed', message: 'the error that the component gave cannot be read' },
}

const errors: ContractRow[] = Object.entries(failures).flatMap(([what, failure]) => [
  ...inBoth({ name: `throws (${what})`, main: 'fails.js', data: { how: 'throw', what }, emits: [error(failure)] }),
  ...inBoth({ name: `rejects (${what})`, main: 'fails.js', data: { how: 'reject', what }, emits: [error(failure)] }),
  ...inBoth({
    name: `emits the error, then ends (${what})`,
    main: 'fails.js',
    data: { how: 'emitThenEnd', what },
    emits: [error(failure)],
  }),
])

const manyErrors: ContractRow[] = [
  {
    name: 'oih: an error ends the message',
    main: 'fails.js',
    data: { how: 'emit', what: 'plain' },
    emits: [error({ message: 'plain' })],
  },
  {
    name: 'elasticio: an error alone does not end the message',
    main: 'fails.js',
    dialect: 'elasticio',
    data: { how: 'emit', what: 'plain' },
    timeoutMs: 300,
    emits: [error({ message: 'plain' })],
    died: { code: 'StepTimedOut' },
  },
  ...inBoth({
    name: 'every error is reported, and data after them goes out',
    main: 'several-errors.js',
    emits: [error({ message: 'one' }), error({ message: 'two' }), data({ after: 'errors' })],
  }),
  {
    name: 'elasticio: an unhandled rejection is the error of the only call that is waited for',
    main: 'rejects-waiting.js',
    dialect: 'elasticio',
    emits: [error({ message: 'the work failed' })],
  },
  ...inBoth({
    name: 'an unhandled rejection does not disturb a running call',
    main: 'rejects-alone.js',
    data: { when: 'running' },
    emits: [data({ survived: true })],
  }),
  ...inBoth({
    name: 'an unhandled rejection of work that was left behind is an error',
    main: 'rejects-alone.js',
    data: { when: 'waiting' },
    emits: [error({ message: 'nobody awaits me' })],
  }),
]

const messages: ContractRow[] = [
  ...inBoth({
    name: 'listens to its events, and hears which were known',
    main: 'events.js',
    emits: [
      data(1),
      { kind: 'snapshot', value: { at: 1 } },
      { kind: 'updateSnapshot', value: { at: 2 } },
      { kind: 'updateKeys', value: { token: 'new' } },
      data({
        data: true,
        unknown: false,
        own: true,
        ownAgain: true,
        heard: [1, 2, 5],
        snapshot: true,
        update: true,
        refused: true,
        keys: true,
      }),
    ],
  }),
  ...inBoth({
    name: 'replies and emits without the config that a library hung on them',
    main: 'replies.js',
    emits: [
      {
        kind: 'httpReply',
        value: {
          statusCode: 201,
          headers: { a: 'b' },
          body: expect.not.objectContaining({ passedCfg: expect.anything() }),
        },
      },
      { kind: 'data', value: expect.not.objectContaining({ passedCfg: expect.anything() }) },
    ],
  }),
  ...inBoth({
    name: 'rebounds',
    main: 'rebounds.js',
    data: { reason: 'busy' },
    emits: [{ kind: 'rebound', value: 'busy' }],
  }),
  ...inBoth({
    name: 'rebounds with an object',
    main: 'rebounds.js',
    data: { reason: { trace: 1 } },
    emits: [{ kind: 'rebound', value: '{"trace":1}' }],
  }),
  ...inBoth({
    name: 'gets its reason back',
    main: 'rebounds.js',
    context: { reboundReason: '{"trace":1}' },
    emits: [data({ reason: { trace: 1 } })],
  }),
  ...inBoth({
    name: 'a copy of `this` works, with the logger in it',
    main: 'spreads-this.js',
    emits: [
      data({ through: 'copy' }),
      data({ through: 'derived' }),
      data({ own: ['$events', '_services', '_variables', 'errorCount', 'logger'], enumerable: true, errorCount: 0 }),
    ],
  }),
  {
    name: 'oih: gets data, the config with nodeSettings, headers and tokenData',
    main: 'arguments.js',
    config: { url: 'x' },
    emits: [
      data({
        keys: ['attachments', 'data', 'headers', 'metadata'],
        same: true,
        nodeSettings: 'object',
        configOf: true,
        variables: {},
        seen: {
          cfg: { url: 'x', nodeSettings: {} },
          headers: { stepId: 'arguments' },
          tokenData: { function: 'arguments', flowId: 'contacts' },
        },
      }),
    ],
  },
  {
    name: 'elasticio: gets body; nodeSettings is there, but not sent along; tokenData too',
    main: 'arguments.js',
    dialect: 'elasticio',
    config: { url: 'x' },
    snapshot: { since: 1 },
    emits: [
      data({
        keys: ['attachments', 'body', 'headers', 'metadata'],
        same: true,
        nodeSettings: 'object',
        seen: { cfg: { url: 'x' }, snapshot: { since: 1 }, tokenData: { function: 'arguments' } },
      }),
    ],
  },
  ...inBoth({
    name: 'a message that came as body',
    main: 'changes-message.js',
    message: { body: { how: 'asIs' } },
    emits: [data({ how: 'asIs' })],
  }),
  ...inBoth({ name: 'a message without payload', main: 'changes-message.js', message: {}, emits: [data({})] }),
  ...inBoth({
    name: 'passes the message on with another body',
    main: 'changes-message.js',
    data: { how: 'body' },
    emits: [data({ changed: 'body' })],
  }),
  ...inBoth({
    name: 'passes the message on with other data',
    main: 'changes-message.js',
    data: { how: 'data' },
    emits: [data({ changed: 'data' })],
  }),
  ...inBoth({
    name: 'passes a copy on with another body',
    main: 'changes-message.js',
    data: { how: 'assign' },
    emits: [data({ changed: 'assign' })],
  }),
  ...inBoth({
    name: 'changes the payload in place',
    main: 'changes-message.js',
    data: { how: 'inPlace' },
    emits: [data({ how: 'inPlace', more: true })],
  }),
  ...inBoth({
    name: 'runs init with a logger, once',
    main: 'init.js',
    config: { a: 1 },
    emits: [data({ inits: 1, seen: { a: 1 } })],
  }),
  { name: 'oih: goes on when init fails', main: 'init-fails.js', emits: [data({ ran: true })] },
  {
    name: 'elasticio: does not start when init fails',
    main: 'init-fails.js',
    dialect: 'elasticio',
    died: { code: 'ComponentLoadFailed', message: /init of .* failed: no platform here/ },
  },
  ...inBoth({ name: 'tampers with globals', main: 'globals.js', emits: [data({ fine: true })] }),
]

const tricky: ContractRow[] = [
  {
    name: 'throws outside of every promise',
    main: 'throws-later.js',
    died: { code: 'ComponentCrashed', message: /outside of every promise/ },
  },
  {
    name: 'exits',
    main: 'exits.js',
    data: { code: 7, first: 1 },
    emits: [data({ first: 1 })],
    died: { code: 'ComponentCrashed', message: /exited with code 7/ },
  },
  {
    name: 'exits as if all were well',
    main: 'exits.js',
    data: { code: 0 },
    died: { code: 'ComponentCrashed', message: /exited with code 0/ },
  },
  {
    name: 'is killed from outside',
    main: 'killed.js',
    data: { signal: 'SIGKILL' },
    died: { code: 'ComponentCrashed', message: /SIGKILL/ },
  },
  {
    name: 'breaks in native code',
    main: 'killed.js',
    data: { signal: 'SIGSEGV' },
    died: { code: 'ComponentCrashed', message: /SIGSEGV/ },
  },
  { name: 'blocks for ever', main: 'blocks.js', data: { block: true }, timeoutMs: 300, died: { code: 'StepTimedOut' } },
  {
    name: 'eats its heap',
    main: 'eats-heap.js',
    child: { maxHeapMb: 48 },
    timeoutMs: 60_000,
    died: { code: 'ComponentOutOfMemory' },
  },
  {
    name: 'has a syntax error',
    main: 'syntax-error.js',
    died: { code: 'ComponentLoadFailed', message: /syntax-error/, permanent: true },
  },
  {
    name: 'requires what is not there',
    main: 'missing-module.js',
    died: { code: 'ComponentLoadFailed', message: /a-module-that-nobody-has/, permanent: true },
  },
  {
    name: 'is not there itself',
    main: 'nowhere.js',
    died: { code: 'ComponentLoadFailed', message: /nowhere/, permanent: true },
  },
  {
    name: 'is named by nobody: not by the resource, nor by its component.json',
    main: '',
    function: 'unheard',
    died: { code: 'ComponentLoadFailed', message: /nothing tells which file.*`main`/, permanent: true },
  },
  {
    name: 'is named by its component.json alone',
    component: 'relay',
    main: '',
    function: 'pass',
    data: { n: 1 },
    emits: [data({ n: 1 })],
  },
  {
    name: 'exports no process',
    main: 'no-process.js',
    died: { code: 'ComponentLoadFailed', message: /no function named process/, permanent: true },
  },
  {
    name: 'throws while it is loaded',
    main: 'throws-loading.js',
    died: { code: 'ComponentLoadFailed', message: /not today/, permanent: true },
  },
]

export const contractTable: readonly ContractRow[] = [
  ...ends,
  ...returns,
  ...errors,
  ...manyErrors,
  ...messages,
  ...tricky.map((row) => ({ component: 'tricky', ...row })),
]
