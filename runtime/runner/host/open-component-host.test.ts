import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { FixtureCall, TestHost } from '../../../test/system/contract/component-calls.ts'
import { dataOf, openTestHost } from '../../../test/system/contract/component-calls.ts'
import type { Clock } from '../../clock.ts'
import { simulatedClock, systemClock } from '../../clock.ts'
import type { HostStats } from '../component-host.ts'
import type { ChildExit, ChildLauncher } from './child-launcher.ts'
import type { HostLimits } from './host-options.ts'
import { localLauncher } from './local-launcher.ts'

// Where this file's hosts put their sockets, so that what they leave behind is theirs.
const ownTmp = mkdtempSync(join(tmpdir(), 'weir-host-test-'))
let opened: TestHost[] = []

function hostWith(limits: Partial<HostLimits> = {}, clock: Clock = systemClock): TestHost {
  const test = openTestHost({ limits, clock })
  opened.push(test)
  return test
}

beforeAll(() => {
  process.env['TMPDIR'] = ownTmp
})

afterAll(() => rmSync(ownTmp, { recursive: true, force: true }))

afterEach(async () => {
  await Promise.all(opened.map((test) => test.host.close(0)))
  opened = []
})

/** A promise and what settles it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {}
  return { opened: new Promise<void>((resolve) => (open = resolve)), open: () => open() }
}

/** Its first process is said to have ended when the promise resolves, as by a supervisor's loss; it lives on. */
function launcherThatSays(ended: Promise<void>): { readonly launcher: ChildLauncher; readonly launched: () => number } {
  const local = localLauncher()
  let launched = 0
  const lost = ended.then((): ChildExit => ({ kind: 'exited', code: undefined, signal: 'SIGKILL' }))
  const launch: ChildLauncher['launch'] = (order) => {
    launched += 1
    const child = local.launch(order)
    return launched > 1 ? child : { ...child, exited: Promise.race([child.exited, lost]) }
  }
  return { launcher: { ...local, launch }, launched: () => launched }
}

async function pidOf(test: TestHost, call: Partial<FixtureCall> = {}): Promise<number> {
  const { pid } = dataOf(await test.call({ main: 'state.js', ...call })) as { pid: number }
  return pid
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

const onLinux = process.platform === 'linux'

describe('a step and its child', () => {
  it('is served by one process, with its module state', async () => {
    const test = hostWith()
    const answers = [await test.call({ main: 'state.js' }), await test.call({ main: 'state.js' })]
    const seen = answers.map((answer) => dataOf(answer) as { pid: number; calls: number })
    expect(seen.map(({ calls }) => calls)).toEqual([1, 2])
    expect(seen[0]?.pid).toBe(seen[1]?.pid)
    expect(test.host.stats()).toEqual({ children: 1, running: 0, waiting: 0, starving: 0 })
  })

  it('begins nothing in a process that is said to have ended while its connection stands', async () => {
    const said = gate()
    const { launcher, launched } = launcherThatSays(said.opened)
    const test = openTestHost({ launcher })
    opened.push(test)
    const began = gate()
    const child = { key: 'one', concurrency: 1 }
    const first = test.call({ main: 'waits.js', data: { ms: 60_000 }, child, onStart: began.open })
    const second = test.call({ main: 'waits.js', data: { ms: 0 }, child })
    await began.opened
    said.open()
    expect((await first).result).toMatchObject({ kind: 'died' })
    expect((await second).result).toEqual({ kind: 'ended' })
    expect(launched()).toBe(2)
  })

  it('shares no process with another key', async () => {
    const test = hostWith()
    const [one, other] = await Promise.all([
      pidOf(test, { child: { key: 'one' } }),
      pidOf(test, { child: { key: 'other' } }),
    ])
    expect(one).not.toBe(other)
  })

  it('gets fresh copies for every message', async () => {
    const test = hostWith()
    const call = { main: 'arguments.js', config: { nested: { list: [1] } }, snapshot: { since: 1 } }
    await test.call(call)
    const { emits } = await test.call(call)
    expect(emits[0]?.value).toMatchObject({
      data: {
        seen: {
          cfg: { nested: { list: [1] }, nodeSettings: {} },
          snapshot: { since: 1 },
          tokenData: { function: 'arguments' },
        },
      },
    })
    expect(JSON.stringify(emits)).not.toContain('changed')
  })

  it('runs as many at a time as it may, the others in order', async () => {
    const test = hostWith()
    const started: number[] = []
    const stats: HostStats[] = []
    const onStart = (n: number): void => {
      started.push(n)
      stats.push(test.host.stats())
    }
    const call = (n: number): Promise<unknown> =>
      test.call({ main: 'waits.js', data: { ms: 20 }, child: { concurrency: 2 }, onStart: () => onStart(n) })
    await Promise.all([call(0), call(1), call(2), call(3)])
    expect(stats.map(({ running, waiting }) => [running, waiting])).toEqual([
      [1, 3],
      [2, 2],
      [2, 1],
      [2, 0],
    ])
    expect(started).toEqual([0, 1, 2, 3])
  })

  it('sees the contract and its own environment, and nothing of the runner', async () => {
    const test = hostWith()
    const data = dataOf(await test.call({ main: 'environment.js', child: { env: { OWN: 'mine' } } })) as {
      atLoad: string
      cwd: boolean
      env: Record<string, string>
    }
    expect(data).toMatchObject({
      atLoad: 'contacts',
      cwd: true,
      env: { OWN: 'mine', ELASTICIO_TASK_ID: 'contacts', ELASTICIO_STEP_ID: 'environment' },
    })
    expect(data.env).toMatchObject({
      ELASTICIO_FUNCTION: 'environment',
      ELASTICIO_EXEC_ID: 'run-1',
      ELASTICIO_WORKSPACE_ID: 'default',
    })
    expect(Object.keys(data.env).filter((name) => name.startsWith('WEIR') || name === 'SECRET_OF_THE_RUNNER')).toEqual(
      [],
    )
  })

  it('is nowhere in particular when it serves many steps', async () => {
    const test = hostWith()
    const { emits } = await test.call({ main: 'environment.js', child: { isolation: 'shared' } })
    expect(emits[0]?.value).toMatchObject({
      data: { env: { ELASTICIO_FLOW_ID: 'shared', ELASTICIO_FUNCTION: 'shared' } },
    })
  })

  it('is ended when it has been idle, and started again', async () => {
    const test = hostWith({ idleMs: 50 })
    const first = await pidOf(test)
    await expect.poll(() => test.host.stats().children).toBe(0)
    expect(isAlive(first)).toBe(false)
    expect(await pidOf(test)).not.toBe(first)
  })

  it('is given up before it starts by its signal', async () => {
    const test = hostWith()
    const { signal, abort } = abortable()
    const running = test.call({ main: 'waits.js', data: { ms: 100 } })
    const waiting = test.call({ main: 'waits.js', data: { ms: 1 }, signal })
    abort()
    expect((await waiting).result).toEqual({ kind: 'notStarted' })
    expect((await test.call({ main: 'waits.js', signal })).result).toEqual({ kind: 'notStarted' })
    expect((await running).result).toEqual({ kind: 'ended' })
  })

  it('runs on when its signal comes after the start', async () => {
    const test = hostWith()
    const { signal, abort } = abortable()
    expect((await test.call({ main: 'waits.js', data: { ms: 30 }, signal, onStart: abort })).result).toEqual({
      kind: 'ended',
    })
  })

  it('fails clearly when its directory is not there', async () => {
    const test = hostWith()
    const { result } = await test.call({ main: 'state.js', child: { directory: '/nowhere/at/all' } })
    expect(result).toMatchObject({
      kind: 'died',
      failure: { code: 'ComponentStartFailed', message: expect.stringContaining('/nowhere/at/all does not exist') },
    })
  })
})

function abortable(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

describe('emits', () => {
  it('resolve in the component when the runner has taken them, and end the call only then', async () => {
    const test = hostWith()
    const taken = gate()
    let hasEnded = false
    const call = test.call({ main: 'unawaited.js', data: { count: 1, pauseMs: 0 }, onEmit: () => taken.opened })
    void call.then(() => (hasEnded = true))
    // Another call's whole way through the same host: were the first not held, it would have ended by now.
    await test.call({ main: 'state.js' })
    expect(hasEnded).toBe(false)
    taken.open()
    expect((await call).result).toEqual({ kind: 'ended' })
  })

  it.each([
    { how: 'look', emits: ['data', 'data'], why: 'a component that looks hears why' },
    { how: 'rethrow', emits: ['data'], why: 'the refusal is no error of the component' },
  ])('reject in the component when the runner could not take them: $why', async ({ how, emits }) => {
    const test = hostWith()
    let isFirst = true
    const answer = await test.call({
      main: 'refused.js',
      data: { how },
      onEmit: async () => {
        if (!isFirst) return
        isFirst = false
        throw new Error('the queue is gone')
      },
    })
    expect(answer.emits.map(({ kind }) => kind)).toEqual(emits)
    expect(answer.result).toEqual({ kind: 'ended' })
    if (how === 'look')
      expect(answer.emits[1]?.value).toEqual({ data: { code: 'EmitNotConfirmed', message: 'the queue is gone' } })
  })

  it('of an ended call reach it, and of one long gone the latest of its step', async () => {
    const test = hostWith()
    const endless = await test.call({ component: 'tricky', main: 'endless.js', child: { keepAlive: true } })
    await expect.poll(() => endless.late.length).toBeGreaterThan(3)
  })

  it('that nobody confirms hold the child back, not the runner', async () => {
    const test = hostWith({ unconfirmedEmits: 50 })
    const taken = gate()
    let open = 0
    let most = 0
    const call = test.call({
      component: 'tricky',
      main: 'floods.js',
      data: { count: 3000 },
      timeoutMs: 2000,
      onEmit: async () => {
        most = Math.max(most, (open += 1))
        await taken.opened
        open -= 1
      },
    })
    await expect.poll(() => most).toBeGreaterThan(50)
    // A socket's worth is read at once; the rest of three megabytes waits in the child.
    expect(most).toBeLessThan(500)
    taken.open()
    const answer = await call
    expect(answer.result).toEqual({ kind: 'ended' })
    expect(answer.emits.map(({ value }) => (value as { data: { n: number } }).data.n)).toEqual([...Array(3000).keys()])
  })
})

describe('work that a function leaves behind', () => {
  it('is waited for only so long in a process that is never quiet', async () => {
    const test = hostWith({ quietCapMs: 300 })
    for (let n = 0; n < 3; n += 1) expect((await test.call({ main: 'interval.js' })).result).toEqual({ kind: 'ended' })
  })

  it('is not waited for when a function leaves none', async () => {
    // Nobody would see the end of a wait.
    const test = hostWith({ quietCapMs: 600_000 })
    const call = { main: 'returns.js', data: { what: 'nothing', by: 'promise' }, timeoutMs: 1_200_000 }
    for (let n = 0; n < 3; n += 1) expect((await test.call(call)).result).toEqual({ kind: 'ended' })
  })
})

describe('a time-out', () => {
  it('does not count what the runner takes for an emit', async () => {
    const clock = simulatedClock()
    const test = hostWith({}, clock)
    const slow = (): Promise<void> => clock.advance(3000)
    const { result, emits } = await test.call({ main: 'replies.js', timeoutMs: 1000, onEmit: slow })
    expect(result).toEqual({ kind: 'ended' })
    expect(emits).toHaveLength(2)
  })

  it('ends the child, and the next message gets a new one', async () => {
    const test = hostWith()
    const { result } = await test.call({ component: 'tricky', main: 'hangs.js', data: { hang: true }, timeoutMs: 100 })
    expect(result).toMatchObject({ kind: 'died', failure: { code: 'StepTimedOut' } })
    expect((await test.call({ component: 'tricky', main: 'hangs.js' })).result).toEqual({ kind: 'ended' })
  })

  it('blames the call that hangs, and none beside it', async () => {
    const test = hostWith()
    const call = (data: object, timeoutMs: number): ReturnType<TestHost['call']> =>
      test.call({ component: 'tricky', main: 'hangs.js', data, timeoutMs, child: { concurrency: 3 } })
    const [hanging, innocent] = await Promise.all([call({ hang: true }, 200), call({ ms: 60_000 }, 30_000)])
    expect(hanging.result).toMatchObject({ kind: 'died', failure: { code: 'StepTimedOut' } })
    expect(hanging.result).not.toHaveProperty('innocent')
    expect(innocent.result).toMatchObject({ kind: 'died', innocent: true })
  })

  it('finds out which of several blocks the process by running each alone', async () => {
    const test = hostWith()
    const call = (data: object, messageId: string): ReturnType<TestHost['call']> =>
      test.call({
        component: 'tricky',
        main: 'blocks.js',
        data,
        timeoutMs: 1000,
        child: { concurrency: 3 },
        context: { messageId },
      })
    await call({ ms: 0 }, 'warm')
    const both = await Promise.all([call({ ms: 900 }, 'good'), call({ block: true }, 'bad')])
    expect(both.map(({ result }) => result)).toMatchObject([
      { kind: 'died', innocent: true },
      { kind: 'died', innocent: true },
    ])
    const again = await Promise.all([call({ ms: 10 }, 'good'), call({ block: true }, 'bad'), call({ ms: 10 }, 'new')])
    expect(again.map(({ result }) => result)).toMatchObject([
      { kind: 'ended' },
      { kind: 'died', failure: { code: 'StepTimedOut' } },
      { kind: 'ended' },
    ])
    expect(again[1]?.result).not.toHaveProperty('innocent')
  })

  it('of the loading is another one', async () => {
    const test = hostWith({ loadTimeoutMs: 400 })
    const { result } = await test.call({ component: 'tricky', main: 'blocks-loading.js', timeoutMs: 10 })
    expect(result).toMatchObject({
      kind: 'died',
      failure: { code: 'ComponentLoadFailed', message: expect.stringContaining('0.4 s') },
    })
  })
})

describe('a crash', () => {
  it('is nobody else’s business', async () => {
    const test = hostWith()
    const [crashed, fine] = await Promise.all([
      test.call({ component: 'tricky', main: 'exits.js', data: { code: 1 } }),
      test.call({ main: 'waits.js', data: { ms: 200 } }),
    ])
    expect(crashed.result).toMatchObject({ kind: 'died', failure: { code: 'ComponentCrashed' } })
    expect(fine.result).toEqual({ kind: 'ended' })
  })

  it('tells the result only when no emit is open any more', async () => {
    const test = hostWith()
    const taken = gate()
    const order: string[] = []
    const call = test.call({
      component: 'tricky',
      main: 'pid.js',
      onEmit: async (emit) => {
        if (emit.kind !== 'data') return
        const { data } = JSON.parse(emit.message.toString('utf8')) as { data: { pid: number } }
        process.kill(data.pid, 'SIGKILL')
        await taken.opened
        order.push('emit')
      },
    })
    void call.then(() => order.push('result'))
    await expect.poll(() => test.host.stats().children).toBe(0)
    expect(order).toEqual([])
    taken.open()
    expect((await call).result).toMatchObject({ kind: 'died' })
    expect(order).toEqual(['emit', 'result'])
  })

  it('takes along what the component has started', async ({ skip }) => {
    skip(!onLinux, 'reads /proc, which only Linux has')
    const test = hostWith()
    const { pid, own } = dataOf(await test.call({ component: 'tricky', main: 'spawns.js', timeoutMs: 300 })) as {
      pid: number
      own: number
    }
    await expect.poll(() => [isAlive(pid), isAlive(own)]).toEqual([false, false])
  })

  it('comes from too much memory beside the heap, too', async ({ skip }) => {
    skip(!onLinux, 'reads /proc, which only Linux has')
    const test = hostWith({ maxHeapMb: 64, beyondHeapMb: 64 })
    const { result } = await test.call({ component: 'tricky', main: 'eats-buffers.js' })
    expect(result).toMatchObject({
      kind: 'died',
      failure: { code: 'ComponentOutOfMemory', message: expect.stringMatching(/its limit is 128 MB/) },
    })
  })

  it('is told to whoever keeps an endless trigger', async () => {
    const test = hostWith({ idleMs: 20 })
    const gone = gate()
    const answer = await test.call({
      component: 'tricky',
      main: 'endless.js',
      data: { exitAt: 40 },
      child: { keepAlive: true, onExit: gone.open },
    })
    await gone.opened
    expect(answer.result).toEqual({ kind: 'ended' })
    expect(answer.late.length).toBeGreaterThan(20)
  })
})

describe('a process that writes to the runner itself', () => {
  const failure = '{"code":"Boom","message":"boom"}'

  it.each([
    { type: 'crash', json: 'null' },
    { type: 'crash', json: '{"code":"Boom"}' },
    { type: 'crash', json: '{"code":"Boom","message":"boom","stack":{}}' },
    { type: 'loadFailed', json: '[]' },
    { type: 'loadFailed', json: '{"code":7,"message":"boom"}' },
    { type: 'log', json: '{"level":30,"fields":"{}"}' },
    { type: 'log', json: '{"level":30,"message":"x","fields":"[]"}' },
    { type: 'log', json: 'no json' },
    { type: 'emit', kind: 'error', json: '{"message":{"deep":true},"code":"Boom"}' },
    { type: 'emit', kind: 'error', json: '{"message":"boom","code":"Boom","retryAfterSeconds":"soon"}' },
    { type: 'emit', kind: 'error', json: '{"message":"boom","code":"Boom","retryAfterSeconds":-1}' },
    { type: 'emit', kind: 'rebound', json: '{}' },
    { type: 'emit', kind: 'snapshot', json: '' },
    { type: 'emit', kind: 'updateSnapshot', json: '[1]' },
    { type: 'emit', kind: 'updateKeys', json: '"keys"' },
    { type: 'emit', kind: 'httpReply', json: 'null' },
  ])('is cut off when it says $type $kind $json', async (data) => {
    const test = hostWith()
    const { result, emits } = await test.call({ component: 'tricky', main: 'forges.js', data })
    expect(result).toMatchObject({ kind: 'died', failure: { code: 'ComponentCrashed' } })
    expect(result).toHaveProperty('failure.message', expect.stringContaining('broke off its connection'))
    expect(emits).toEqual([])
    expect((await test.call({ main: 'state.js' })).result).toEqual({ kind: 'ended' })
  })

  it('is taken at its word where that makes sense', async () => {
    const test = hostWith()
    const data = { type: 'loadFailed', json: failure }
    const { result } = await test.call({ component: 'tricky', main: 'forges.js', data })
    expect(result).toEqual({ kind: 'died', failure: { code: 'Boom', message: 'boom' } })
  })
})

describe('places', () => {
  it('go from the least recently used idle child to whoever waits', async () => {
    const test = hostWith({ maxProcesses: 2 })
    const [one, two] = [await pidOf(test, { child: { key: 'one' } }), await pidOf(test, { child: { key: 'two' } })]
    // Long enough for the clock to tell the uses apart.
    await test.call({ main: 'waits.js', data: { ms: 5 }, child: { key: 'one' } })
    await pidOf(test, { child: { key: 'three' } })
    expect([isAlive(one), isAlive(two)]).toEqual([true, false])
    expect(test.host.stats().children).toBe(2)
  })

  it('go from a busy child at its next message boundary', async () => {
    const test = hostWith({ maxProcesses: 1, minTenureMs: 0 })
    const order: string[] = []
    const started = gate()
    const call = (key: string, n: number): Promise<unknown> => {
      const onStart = (): void => {
        order.push(`${key}${n}`)
        started.open()
      }
      return test.call({ main: 'waits.js', data: { ms: 30 }, child: { key }, onStart })
    }
    const busy = [call('busy', 1), call('busy', 2), call('busy', 3)]
    await started.opened
    const other = call('other', 1)
    expect(test.host.stats().starving).toBe(3)
    await Promise.all([...busy, other])
    expect(order).toEqual(['busy1', 'other1', 'busy2', 'busy3'])
  })

  it('are never taken from an endless trigger, and one is left to the others', async () => {
    const test = hostWith({ maxProcesses: 1, minTenureMs: 0 })
    const endless = await test.call({ component: 'tricky', main: 'endless.js', child: { keepAlive: true } })
    await pidOf(test, { child: { key: 'one' } })
    await pidOf(test, { child: { key: 'two' } })
    const sofar = endless.late.length
    await expect.poll(() => endless.late.length).toBeGreaterThan(sofar)
  })
})

describe('output', () => {
  it('becomes lines with flow and step, by their level', async () => {
    const test = hostWith()
    const { emits } = await test.call({ main: 'logs.js' })
    expect(emits[0]?.value).toMatchObject({
      data: { level: 30, on: true, off: false, fields: expect.arrayContaining(['flow', 'messageId', 'step']) },
    })
    const labels = { flow: 'contacts', step: 'logs' }
    await expect.poll(() => test.logs.length).toBe(7)
    expect(test.logs).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          source: 'logger',
          level: 'info',
          message: 'plain text 1',
          fields: expect.objectContaining(labels),
        }),
        expect.objectContaining({
          source: 'logger',
          level: 'warn',
          message: 'with fields',
          fields: expect.objectContaining({ ...labels, a: 1 }),
        }),
        expect.objectContaining({ source: 'logger', level: 'error', message: 'boom' }),
        expect.objectContaining({
          source: 'logger',
          level: 'debug',
          message: 'shown',
          fields: expect.objectContaining({ part: 'child' }),
        }),
        expect.objectContaining({ source: 'logger', level: 'info', message: 'circular' }),
        { source: 'stdout', level: 'info', message: 'printed', fields: labels },
        { source: 'stderr', level: 'warn', message: 'complained', fields: labels },
      ]),
    )
  })

  it('does not show what the config keeps secret', async () => {
    const test = hostWith()
    await test.call({ main: 'leaks.js', config: { url: 'https://shop.example', password: 'open "sesame"' } })
    await expect.poll(() => test.logs.length).toBe(2)
    expect(test.logs.map(({ message }) => message).toSorted()).toEqual([
      'calling',
      'calling https://shop.example with [redacted]',
    ])
    expect(JSON.stringify(test.logs)).not.toContain('sesame')
  })

  it("does not show a credential's values, under whatever name, nor say them as the reason of a failure", async () => {
    const test = hostWith()
    const { emits } = await test.call({
      main: 'leaks.js',
      data: { refused: true },
      config: { url: 'https://anna@shop.example', user: 'anna', pin: 4711, password: '4711' },
      secrets: ['anna', '4711'],
    })
    expect(emits).toEqual([
      {
        kind: 'error',
        value: {
          code: 'ComponentFailed',
          name: 'Error',
          message: '[redacted] is refused',
          stack: expect.stringContaining('Error: [redacted] is refused'),
        },
      },
    ])
    await expect.poll(() => test.logs.length).toBe(2)
    expect(test.logs.find(({ source }) => source === 'logger')?.fields['cfg']).toMatchObject({
      url: 'https://[redacted]@shop.example',
      user: '[redacted]',
      pin: '[redacted]',
    })
    expect(JSON.stringify([test.logs, emits])).not.toMatch(/anna|4711/)
  })

  it.each([
    { what: 'in lines', line: 80 },
    { what: 'in one line', line: 1_000_000 },
    { what: 'in empty lines', line: 0 },
  ])('of 100 MB $what is read, bounded and counted', async ({ line }) => {
    // Time stands still: there is the first rush of lines, and nothing after it.
    const test = hostWith({}, simulatedClock())
    const { result } = await test.call({ component: 'tricky', main: 'prints.js', data: { megabytes: 100, line } })
    expect(result).toEqual({ kind: 'ended' })
    await test.host.close(1000)
    const lengths = test.logs.map(({ message }) => message.length)
    expect(lengths.length).toBeLessThanOrEqual(1001)
    expect(Math.max(0, ...lengths)).toBeLessThan(10_000)
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThan(2 ** 20)
    const dropped = test.logs.reduce((sum, { fields }) => sum + Number(fields['droppedBytes'] ?? 0), 0)
    if (line < 1000) expect(dropped).toBeGreaterThan(90 * 2 ** 20)
  })
})

describe('stopping a child', () => {
  it('ends an endless trigger, and nothing beside it', async () => {
    const test = hostWith()
    const gone = gate()
    const child = { key: 'listen', keepAlive: true, onExit: gone.open }
    const endless = await test.call({ component: 'tricky', main: 'endless.js', child })
    const beside = await pidOf(test)
    await expect.poll(() => endless.late.length).toBeGreaterThan(0)
    await test.host.stop('listen', 10_000)
    await gone.opened
    expect(test.host.stats().children).toBe(1)
    expect(isAlive(beside)).toBe(true)
    await test.host.stop('listen', 0)
    await test.host.stop('nobody', 0)
  })

  it('lets what runs finish, and gives what waits to a new one', async () => {
    const test = hostWith()
    const first = await pidOf(test, { child: { key: 'one' } })
    const started = gate()
    const order: string[] = []
    const call = async (name: string, onStart: () => void): Promise<void> => {
      const { result } = await test.call({ main: 'waits.js', data: { ms: 50 }, child: { key: 'one' }, onStart })
      order.push(`${name} ${result.kind}`)
    }
    const calls = [call('running', started.open), call('waiting', () => order.push('waiting started'))]
    await started.opened
    await test.host.stop('one', 10_000)
    expect(isAlive(first)).toBe(false)
    await Promise.all(calls)
    expect(order).toEqual(['running ended', 'waiting started', 'waiting ended'])
  })

  it('ends what does not finish at the deadline, and blames it for nothing', async () => {
    const test = hostWith()
    const started = gate()
    const child = { key: 'one' }
    const call = { component: 'tricky', main: 'hangs.js', data: { hang: true }, child, onStart: started.open }
    const hanging = test.call(call)
    await started.opened
    await test.host.stop('one', 10)
    expect((await hanging).result).toMatchObject({ kind: 'died', innocent: true, failure: { code: 'RunnerClosing' } })
  })

  it('starts anew one that was just being started', async () => {
    const test = hostWith()
    const call = test.call({ main: 'state.js', child: { key: 'one' } })
    await test.host.stop('one', 0)
    expect((await call).result).toEqual({ kind: 'ended' })
  })
})

describe('closing', () => {
  it('lets what runs finish, and starts nothing more', async () => {
    const test = hostWith()
    const started = gate()
    const running = test.call({ main: 'waits.js', data: { ms: 200 }, onStart: started.open })
    const waiting = test.call({ main: 'waits.js', data: { ms: 200 } })
    await started.opened
    await Promise.all([test.host.close(10_000), test.host.close(10_000)])
    expect((await running).result).toEqual({ kind: 'ended' })
    expect((await waiting).result).toEqual({ kind: 'notStarted' })
    expect((await test.call({ main: 'waits.js' })).result).toEqual({ kind: 'notStarted' })
    expect(test.host.stats()).toEqual({ children: 0, running: 0, waiting: 0, starving: 0 })
  })

  it('ends what does not finish at the deadline, and blames it for nothing', async () => {
    const test = hostWith()
    const started = gate()
    const blocking = test.call({ component: 'tricky', main: 'blocks.js', data: { block: true }, onStart: started.open })
    await started.opened
    await test.host.close(100)
    expect((await blocking).result).toMatchObject({ kind: 'died', innocent: true, failure: { code: 'RunnerClosing' } })
  })

  it('works while a child is being started', async () => {
    const test = hostWith()
    const call = test.call({ main: 'state.js' })
    await test.host.close(1000)
    expect((await call).result).toEqual({ kind: 'notStarted' })
    expect(test.host.stats().children).toBe(0)
  })

  it('leaves nothing behind', async () => {
    const test = hostWith()
    const pid = await pidOf(test)
    expect(leftovers().length).toBe(1)
    await test.host.close(1000)
    expect(isAlive(pid)).toBe(false)
    expect(leftovers()).toEqual([])
  })
})

describe('the door of a child', () => {
  it('is in a place that this user alone can enter, and gone once the child is through', async () => {
    await pidOf(hostWith())
    const [directory = ''] = leftovers()
    expect(statSync(join(ownTmp, directory)).mode & 0o777).toBe(0o700)
    await expect.poll(() => readdirSync(join(ownTmp, directory))).toEqual([])
  })
})

function leftovers(): string[] {
  return readdirSync(ownTmp)
}
