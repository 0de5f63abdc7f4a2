import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { folderOf, jsonLines, root, startProgram, startWeir, weir, weirPath } from './weir-process.ts'

const folder = folderOf({
  'flow.yaml': `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: flow}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
  - {name: put, component: shop, function: put, credential: login}
  - {name: say, log: data}
`,
  'wrong.yaml': `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: wrong}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
  - {name: say, log: data, timeoutSecnds: 5}
`,
  'code/shop/component.json': JSON.stringify({
    title: 'Shop',
    actions: {
      put: {
        main: './put.js',
        title: 'Put a contact',
        metadata: {
          in: { type: 'object', properties: { name: { type: 'string', title: 'Name' } }, required: ['name'] },
        },
      },
      twice: { main: './twice.js' },
      slow: { main: './slow.js' },
      die: { main: './die.js' },
      count: { main: './count.js' },
      late: { main: './late.js' },
    },
    triggers: { all: { main: './all.js' } },
  }),
  'code/shop/put.js':
    'exports.process = async (msg, cfg) => ({ data: { msg: msg.data, cfg, env: process.env.SHOP || null } })',
  'code/shop/twice.js':
    'let calls = 0; exports.process = function (msg) { calls += 1; this.emit("data", { data: { calls, pid: process.pid } }); this.emit("data", { data: "second" }); if (msg.data.fail) this.emit("error", Object.assign(new Error("key hunter2-hunter2 refused"), msg.data.fail)); if (msg.data.again) this.emit("rebound", "not ready"); this.emit("end") }',
  'code/shop/slow.js':
    'exports.process = () => new Promise(() => { console.log("began"); setInterval(() => {}, 1000) })',
  'code/shop/die.js': 'exports.process = () => process.exit(3)',
  'code/shop/count.js':
    'exports.process = function (msg, cfg, snapshot) { this.emit("snapshot", { n: snapshot.n + 1 }); if (msg.data.fail) this.emit("error", new Error("no")); this.emit("data", { data: snapshot }); this.emit("end") }',
  'code/shop/late.js':
    'exports.process = function (msg) { const say = (what) => this.emit("data", { data: [msg.data, what] }); say("at once"); this.emit("end"); setTimeout(() => { say("late"); setTimeout(say, 10, "later") }, 10) }',
  'code/shop/all.js': 'exports.process = async () => {}',
  'message.yaml': 'data: {name: Ada}\n',
})
afterAll(folder.remove)

const cli = (...words: string[]) => weir(words, { cwd: folder.path })
const shop = ['--component', 'shop=code/shop'] as const

describe('weir lint', () => {
  it('prints file, line, column, severity, code and message; the rest goes to standard error', async () => {
    const { code, stdout, stderr } = await cli('lint', 'wrong.yaml')
    expect(stdout).toBe(
      'wrong.yaml:7:28: error UnknownField a step has no field "timeoutSecnds": did you mean "timeoutSeconds"?\n',
    )
    expect(stderr).toBe('1 flow: 1 error, 0 warnings\n')
    expect(code).toBe(1)
  })

  it('prints a JSON list with --output json, also when there is nothing to find', async () => {
    const found = await cli('lint', 'wrong.yaml', '--output', 'json')
    expect(JSON.parse(found.stdout)).toEqual([
      {
        file: 'wrong.yaml',
        line: 7,
        column: 28,
        severity: 'error',
        code: 'UnknownField',
        path: 'spec.steps[0].timeoutSecnds',
        message: expect.stringContaining('timeoutSeconds'),
      },
    ])
    const clean = await weir(['lint', '-o', 'json', 'examples/split'])
    expect({ code: clean.code, stdout: clean.stdout }).toEqual({ code: 0, stdout: '[]\n' })
  })

  it('warns of what is not given, and with --strict fails for it; says where code stands', async () => {
    const lenient = await cli('lint', '.')
    expect(lenient.stdout).toMatch(/flow\.yaml:7:28: warning UnknownComponent /)
    expect(lenient.stdout).toMatch(/flow\.yaml:7:\d+: warning UnknownCredential /)
    expect(lenient.stderr).toContain('there is a component in code/shop: --component shop=code/shop')
    const known = await cli('lint', 'flow.yaml', ...shop)
    expect(known.stdout).not.toContain('UnknownComponent')
    expect(known.code).toBe(0)
    const strict = await cli('lint', '--strict', 'flow.yaml', ...shop)
    expect(strict.stdout).toMatch(/error UnknownCredential /)
    expect(strict.code).toBe(1)
  })

  it('tells which names that were given nobody uses', async () => {
    const mistyped = await cli('lint', 'flow.yaml', '--component', 'shoop=code/shop')
    expect(mistyped.stderr).toContain('warning: --component: no flow uses a component "shoop": did you mean "shop"?\n')
    expect((await cli('lint', 'flow.yaml', ...shop)).stderr).not.toContain('no flow uses')
    const words = ['flow.yaml', ...shop, '--once', '--credential', 'login={}', '--credential', 'nope={"a": "b"}']
    expect((await cli('run', ...words)).stderr).toMatch(
      /^warning: --credential: no flow uses a credential "nope"; there is login\n(?![^]*no flow uses)/,
    )
  })

  it('reads standard input', async () => {
    const stdin = readFileSync(join(folder.path, 'wrong.yaml'), 'utf8')
    const { code, stdout } = await weir(['lint', '-'], { stdin })
    expect(stdout).toMatch(/^<stdin>:7:28: error UnknownField/)
    expect(code).toBe(1)
  })
})

describe('weir eval', () => {
  it.each([
    { words: ['data.a + 1', '--message', '{"data": {"a": 1}}'], stdout: '2\n' },
    { words: ['data.a + 1', '--message', '{"a": 1}'], stdout: '2\n' },
    { words: ['$sum(data)', '--message', '[1, 2]'], stdout: '3\n' },
    { words: ['data.name', '--message', '@message.yaml'], stdout: '"Ada"\n' },
    { words: ['metadata.x', '--message', '{"metadata": {"x": [1]}}'], stdout: '[\n  1\n]\n' },
    { words: ['$steps.fetch.data.id', '--steps', '{"fetch": {"data": {"id": 7}}}'], stdout: '7\n' },
    {
      words: [
        '$trigger.request.query.q & $flow.name & $step.name & $run.id',
        '--trigger',
        '{"request": {"query": {"q": "a"}}}',
        '--flow',
        '{"name": "b"}',
        '--step',
        'c',
        '--run',
        '{"id": "d"}',
      ],
      stdout: '"abcd"\n',
    },
    { words: ['$now()', '--run', '{"startedAt": "2026-01-31T03:00:00Z"}'], stdout: '"2026-01-31T03:00:00.000Z"\n' },
  ])('gives $stdout for $words', async ({ words, stdout }) => {
    expect(await cli('eval', ...words)).toMatchObject({ code: 0, stdout })
  })

  it('says when there is no value, where an expression is wrong, and why it fails', async () => {
    expect(await cli('eval', 'data.none')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '(nothing: the expression gives no value)\n',
    })
    expect((await cli('eval', 'data.a +')).stderr).toMatch(/^error: ExpressionSyntax .*\n {2}data\.a \+\n +\^\n/)
    expect(await cli('eval', '$error("no")')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: ExpressionFailed /),
    })
    expect((await cli('eval', '$steps.fetch-orders.data')).stderr).toContain('warning: ')
  })
})

describe('weir init', () => {
  it('writes a flow that lints, plans and runs as its README says', async () => {
    const made = await cli('init', 'first')
    expect(made).toMatchObject({ code: 0, stdout: '' })
    expect((await cli('lint', '--strict', 'first')).stdout).toBe('')
    expect(await cli('plan', 'first')).toMatchObject({ code: 0, stderr: '' })
    const readme = readFileSync(join(folder.path, 'first', 'README.md'), 'utf8')
    const command = /weir (run \. --once .*)$/m.exec(readme)?.[1] ?? ''
    const { stdout } = await startProgram('sh', ['-c', `"$0" "$1" ${command}`, process.execPath, weirPath], {
      cwd: join(folder.path, 'first'),
    }).ended
    expect(jsonLines(stdout)).toMatchObject([{ flow: 'hello', data: { text: 'Hello, Ada!', from: 'by-hand' } }])
    expect(made.stderr).toContain(`\nnext: npx weir ${command.replace(' . ', ' first ')}\n`)
  })

  it.each(['My Flow', "it's $HOME", '-f'])('says what can be typed next, also for %j', async (directory) => {
    const { stderr, code } = await cli('init', '--', directory)
    expect(code).toBe(0)
    const [, words] = /^next: npx weir (.*)$/m.exec(stderr) ?? []
    const { stdout } = await startProgram('sh', ['-c', `"$0" "$1" ${words}`, process.execPath, weirPath], {
      cwd: folder.path,
    }).ended
    expect(jsonLines(stdout)).toMatchObject([{ data: { text: 'Hello, Ada!' } }])
  })
})

describe('weir plan', () => {
  const plan = (...words: string[]) => cli('plan', 'flow.yaml', ...shop, ...words)

  it('prints text, JSON and Mermaid', async () => {
    const text = await plan()
    expect(text).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^flow default\/flow {3}revision 1 {3}hash [\da-f]+\n/),
    })
    expect(text.stderr).toContain('warning UnknownCredential')
    expect(JSON.parse((await plan('-o', 'json')).stdout)).toMatchObject([
      { format: 1, flow: { name: 'flow' }, stages: [{ name: 'put' }] },
    ])
    expect((await plan('-o', 'mermaid')).stdout).toMatch(/^flowchart LR\n/)
  })

  it('fences the diagrams of several flows', async () => {
    const { stdout } = await weir(['plan', '-o', 'mermaid', 'examples/split', 'examples/schedule'])
    expect(stdout.match(/^## (orders|reports)\n\n```mermaid\nflowchart LR$/gm)).toHaveLength(2)
  })

  it('needs the components', async () => {
    expect(await cli('plan', 'flow.yaml')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('error UnknownComponent'),
    })
  })
})

describe('weir component inspect', () => {
  it('shows functions, kinds and schemas', async () => {
    const { code, stdout } = await cli('component', 'inspect', 'code/shop')
    expect(stdout).toContain('component shop   dialect oih   isolation process\n')
    expect(stdout).toMatch(/^trigger all\n {2}in \.\/all\.js {3}emits many, keeps a snapshot$/m)
    expect(stdout).toMatch(/^action put {3}Put a contact\n.*\n {2}input\n {4}name {3}string, required, Name$/m)
    expect(code).toBe(0)
    const json = await cli('component', 'inspect', 'code/shop', '-o', 'json')
    expect(JSON.parse(json.stdout)).toMatchObject({ name: 'shop', functions: { all: { kind: 'trigger' } } })
  })
})

describe('weir component call', () => {
  async function call(name: string, ...words: string[]) {
    const { code, stdout, stderr } = await cli('component', 'call', 'code/shop', name, ...words)
    return { code, stderr, stdout, lines: jsonLines(stdout) }
  }

  it('hands over message, config, credential and environment, and prints what is emitted', async () => {
    const words = [
      '--message',
      '@message.yaml',
      '--config',
      '{"list": "a", "username": "x"}',
      '--credential',
      '{"username": "anna"}',
      '--env',
      'SHOP=open',
    ]
    const { code, lines } = await call('put', ...words)
    expect(lines).toEqual([
      {
        event: 'data',
        value: expect.objectContaining({
          data: { msg: { name: 'Ada' }, cfg: expect.objectContaining({ list: 'a', username: 'anna' }), env: 'open' },
        }),
      },
      { event: 'settled', as: 'ack' },
    ])
    expect(code).toBe(0)
  })

  it('calls with several messages in order, in one process', async () => {
    const { code, lines } = await call(
      'twice',
      '-m',
      '{}',
      '-m',
      '{"fail": {"permanent": true}}',
      '-m',
      '{"fail": {}}',
      '-m',
      '{"again": true}',
    )
    expect(lines.map(({ event, as }) => as ?? event)).toEqual(
      [
        ['data', 'data', 'ack'],
        ['data', 'data', 'error', 'deadLetter'],
        ['data', 'data', 'error', 'retry'],
        ['data', 'data', 'rebound', 'retry'],
      ].flat(),
    )
    const counted = lines.filter(({ value }) => value?.data?.calls !== undefined).map(({ value }) => value.data)
    expect(counted.map(({ calls }) => calls)).toEqual([1, 2, 3, 4])
    expect(new Set(counted.map(({ pid }) => pid)).size).toBe(1)
    expect(lines.at(-1)).toEqual({ event: 'settled', as: 'retry', error: { code: 'Rebound', message: 'not ready' } })
    expect(code).toBe(1)
  })

  it('keeps the snapshot of what was acknowledged for the next message', async () => {
    const { lines } = await call('count', '--snapshot', '{"n": 5}', '-m', '{}', '-m', '{"fail": true}', '-m', '{}')
    const data = lines.filter(({ event }) => event === 'data').map(({ value }) => value.data.n)
    expect(data).toEqual([5, 6, 6])
    expect(lines[0]).toEqual({ event: 'snapshot', value: { n: 6 } })
  })

  it('prints what comes a moment after the end with the message that it belongs to', async () => {
    const { code, lines } = await call('late', '-m', '1', '-m', '2')
    expect(lines.map(({ as, value }) => as ?? value.data)).toEqual(
      [1, 2].flatMap((message) => [[message, 'at once'], [message, 'late'], [message, 'later'], 'ack']),
    )
    expect(code).toBe(0)
  })

  it('ends what takes too long, and says so of what dies', async () => {
    const slow = await call('slow', '--timeout', '0.3')
    expect(slow.lines).toEqual([
      { event: 'settled', as: 'retry', error: { code: 'StepTimedOut', message: expect.any(String) } },
    ])
    const dead = await call('die')
    expect(dead.lines).toEqual([
      { event: 'settled', as: 'retry', error: { code: 'ComponentCrashed', message: expect.any(String) } },
    ])
    expect([slow.code, dead.code]).toEqual([1, 1])
  })

  it('speaks the dialect that it is told to', async () => {
    const oih = await call('put', '-m', '{"data": {"a": 1}}', '--dialect', 'oih')
    expect(oih.lines[0].value.data.msg).toEqual({ a: 1 })
    const elasticio = await call('put', '-m', '{"body": {"a": 1}}', '--dialect', 'elasticio')
    expect(elasticio.lines.at(-1)).toMatchObject({ event: 'settled' })
    expect(elasticio.stdout).not.toBe(oih.stdout)
  })

  it('does not print a credential that an error quotes', async () => {
    const { stdout, stderr } = await call('twice', '-m', '{"fail": {}}', '--credential', '{"key": "hunter2-hunter2"}')
    expect(stdout).toContain('key [redacted] refused')
    expect(stdout + stderr).not.toContain('hunter2')
  })

  it('stops with Ctrl-C: the first lets a call end, the second does not', async () => {
    const one = startWeir(['component', 'call', 'code/shop', 'slow', '-m', '{}', '-m', '{}'], { cwd: folder.path })
    await one.says(/began/)
    one.type('SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 150))
    one.type('SIGINT')
    expect((await one.ended).code).toBe(130)
  })
})

describe('help', () => {
  it('of eval says what $run.startedAt is', async () => {
    const { stdout } = await cli('eval', '--help')
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('in $run.startedAt it is milliseconds since 1970')
    expect((await cli('eval', '$run.startedAt', '--run', '{"startedAt": "1970-01-01T00:00:01Z"}')).stdout).toBe(
      '1000\n',
    )
  })

  it.each(['lint', 'plan', 'eval', 'init', 'run', 'component', 'component inspect', 'component call', 'completion'])(
    'of %s has examples',
    async (command) => {
      const words = command.split(' ')
      const { code, stdout, stderr } = await cli(...words, '--help')
      expect(stdout).toMatch(
        new RegExp(`^Usage: weir ${command} [^]*\\n\\nExamples:\\n  \\$ .*weir ${command.split(' ')[0]}`),
      )
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    },
  )

  it('tells the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    expect(await cli('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})
