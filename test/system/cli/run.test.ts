import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../../runtime/store/sqlite-store.ts'
import type { WeirProcess } from './weir-process.ts'
import { folderOf, isAlive, jsonLines, startWeir, weir, weirPath, startProgram } from './weir-process.ts'

const folder = folderOf()
const running: WeirProcess[] = []
afterEach(async () => {
  for (const one of running.splice(0)) {
    one.signal('SIGKILL')
    await one.ended
  }
})
afterAll(folder.remove)

function start(...words: string[]): WeirProcess {
  const started = startWeir(words, { cwd: folder.path })
  running.push(started)
  return started
}

const run = (...words: string[]) => weir(['run', ...words], { cwd: folder.path })

const component = (code: string, more = '') => `---
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: code}
spec:
  ${more}
  source:
    files:
      run.js: ${JSON.stringify(`exports.process = async function (msg, cfg, snapshot) { ${code} }`)}
`
const flow = (name: string, steps: string, triggers = '[{name: by-hand, manual: {}}]') => `---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: ${name}}
spec:
  triggers: ${triggers}
  steps: ${steps}
`
const step = (retry = '{maxAttempts: 1}', more = '') =>
  `{name: go, component: code, function: run, onError: {retry: ${retry}}${more}}`

describe('weir run --once', () => {
  it('prints what left the last steps as JSON lines on standard output, and nothing else there', async () => {
    folder.write({
      'lines.yaml':
        flow('lines', `[{name: each, split: data}, ${step()}]`) +
        component('console.log("noise"); return { data: { twice: msg.data * 2 }, metadata: { n: msg.data } }'),
    })
    const { code, stdout, stderr } = await run('lines.yaml', '--once', '--data', '[1, 2, 3]')
    const lines = jsonLines(stdout)
    expect(stdout.trimEnd().split('\n')).toHaveLength(3)
    expect(new Set(lines.map(({ data }) => data.twice))).toEqual(new Set([2, 4, 6]))
    for (const line of lines) expect(Object.keys(line)).toEqual(['flow', 'step', 'run', 'data', 'metadata'])
    expect(new Set(lines.map(({ run: id }) => id)).size).toBe(1)
    expect(lines[0]).toMatchObject({ flow: 'lines', step: 'go', metadata: { n: lines[0].data.twice / 2 } })
    expect(stderr).toContain('noise')
    expect(stderr).toContain('3 messages left the last steps')
    expect(code).toBe(0)
  })

  it('waits for retries and waits, and says why it does', async () => {
    folder.write({
      'patient.yaml':
        flow(
          'patient',
          `[{name: hold, wait: {seconds: 0.3}}, ${step('{maxAttempts: 5, initialDelaySeconds: 0.3, factor: 1}')}]`,
        ) +
        component(
          'this.constructor.tries = (globalThis.tries = (globalThis.tries || 0) + 1); if (globalThis.tries < 3) { const e = new Error("the shop is away"); throw e } return { data: { tries: globalThis.tries } }',
        ),
    })
    const { code, stdout, stderr } = await run('patient.yaml', '--once')
    expect(jsonLines(stdout)).toMatchObject([{ data: { tries: 3 } }])
    expect(stderr).toMatch(
      /warn {2}attempt failed, it will be tried again {2}flow=patient step=go attempt="1 of 5" code=ComponentFailed error="the shop is away"/,
    )
    expect(stderr).toContain('2 attempts tried again')
    expect(code).toBe(0)
  })

  it('tells dead letters on standard error with error and attempts, and ends with 1', async () => {
    folder.write({
      'dead.yaml':
        flow('dead', `[{name: each, split: data}, ${step('{maxAttempts: 2, initialDelaySeconds: 0.1}')}]`) +
        component(
          'if (msg.data === 2) throw Object.assign(new Error("no such list"), { code: "NoList" }); return { data: msg.data }',
        ),
    })
    const { code, stdout, stderr } = await run('dead.yaml', '--once', '--data', '[1, 2]')
    expect(jsonLines(stdout)).toMatchObject([{ data: 1 }])
    expect(stderr).toMatch(/^dead letter dead\/go NoList: no such list \(2 attempts, run \w+\)$/m)
    expect(stderr).toContain('1 message left the last steps, 1 dead letter, 1 attempt tried again')
    expect(code).toBe(1)
  })

  it('counts what is dropped, and does not fail for it', async () => {
    folder.write({
      'drop.yaml':
        flow(
          'drop',
          '[{name: go, component: code, function: run, onError: {retry: {maxAttempts: 1}, then: discard}}]',
        ) + component('throw new Error("x")'),
    })
    const { code, stdout, stderr } = await run('drop.yaml', '--once')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('0 messages left the last steps, 1 discarded')
  })

  it('gives --header and --data to a webhook as a request would, and shows the answer of a synchronous one', async () => {
    folder.write({
      'hook.yaml': flow(
        'hook',
        `[{name: go, transform: '{"who": $trigger.request.headers."x-who", "id": data.id}'}, {name: answer, respond: {status: "201", headers: {x-id: '$string(data.id)'}, body: data}}]`,
        `[{name: asked, webhook: {path: /x, reply: sync, auth: {none: {}}, schema: {type: object, required: [id]}}}]`,
      ),
    })
    const { code, stdout, stderr } = await run('hook.yaml', '--once', '--data', '{"id": 7}', '--header', 'X-Who=anna')
    expect(jsonLines(stdout)).toMatchObject([{ step: 'answer', data: { who: 'anna', id: 7 } }])
    expect(stderr).toMatch(/^answer 201$/m)
    expect(stderr).toMatch(/^ {2}x-id: 7$/m)
    expect(stderr).toMatch(/^ {2}\{"who":"anna","id":7\}$/m)
    expect(code).toBe(0)
    const refused = await run('hook.yaml', '--once', '--data', '{}')
    expect(refused.stderr).toContain('--data: the body does not fit the schema of the webhook')
    expect(refused.stderr).toContain("must have required property 'id'")
    expect(refused.code).toBe(2)
  })

  it('says when a synchronous webhook was not answered, and shows the failure of one that died', async () => {
    const hook = '[{name: asked, webhook: {path: /x, reply: sync, auth: {none: {}}}}]'
    folder.write({
      'silent.yaml': flow(
        'silent',
        `[{name: keep, filter: 'data.id = 1'}, {name: answer, respond: {body: data}}]`,
        hook,
      ),
      'dies.yaml': flow(
        'dies',
        `[{name: shape, transform: '$error("not today")'}, {name: answer, respond: {body: data}}]`,
        hook,
      ),
    })
    expect((await run('silent.yaml', '--once', '--data', '{"id": 2}')).stderr).toContain(
      'no answer: the flow did not respond',
    )
    const dead = await run('dies.yaml', '--once', '--data', '{}')
    expect(dead.stderr).toMatch(/answer 500[^]*"detail":"[^"]*not today/)
    expect(dead.code).toBe(1)
  }, 30_000)

  it('takes credentials from Secrets and from --credential, and prints none of them', async () => {
    folder.write({
      'secret.yaml':
        flow(
          'secret',
          '[{name: go, component: code, function: run, credential: login, onError: {retry: {maxAttempts: 1}}}]',
        ) +
        component(
          'this.logger.info("using " + cfg.password); console.error(JSON.stringify(cfg)); if (msg.data.fail) throw new Error("refused: " + Buffer.from(cfg.password).toString("base64")); return { data: { user: cfg.username, length: cfg.password.length } }',
        ) +
        '---\napiVersion: weir.dev/v1alpha1\nkind: Credential\nmetadata: {name: login}\nspec: {type: basic, secretRef: {name: login}}\n' +
        '---\napiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {username: anna, password: "hunter2-hunter2"}\n',
      'given.json': '{"username": "eve", "password": "correct-horse"}',
    })
    const own = await run('secret.yaml', '--once')
    expect(jsonLines(own.stdout)).toMatchObject([{ data: { user: 'anna', length: 15 } }])
    expect(own.stderr).toContain('using [redacted]')
    const given = await run('secret.yaml', '--once', '--credential', 'login=@given.json', '--data', '{"fail": true}')
    expect(given.stderr).toMatch(/dead letter secret\/go ComponentFailed: refused: \[redacted\]/)
    for (const secret of ['hunter2', 'correct-horse', Buffer.from('correct-horse').toString('base64')]) {
      expect(own.stdout + own.stderr + given.stdout + given.stderr).not.toContain(secret)
    }
  })

  it('gives a component what its manifest and the given Secrets say of its environment, and nothing of its own', async () => {
    folder.write({
      'env.yaml':
        flow('env', `[${step()}]`) +
        component(
          'return { data: { A: process.env.A, B: process.env.B, C: process.env.C || null, own: process.env.WEIR_TEST_OWN || null } }',
          'env: [{name: A, value: plain}, {name: B, valueFrom: {secretKeyRef: {name: s, key: token}}}, {name: C, valueFrom: {secretKeyRef: {name: gone, key: x}}}]',
        ) +
        '---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: from-secret}\n',
    })
    const { stdout, stderr } = await weir(['run', 'env.yaml', '--once'], {
      cwd: folder.path,
      env: { WEIR_TEST_OWN: 'x' },
    })
    expect(jsonLines(stdout)).toMatchObject([{ data: { A: 'plain', B: 'from-secret', C: null, own: null } }])
    expect(stderr).toContain('warning EnvNotGiven the component "code" has a variable C')
  })

  it('writes the state of a run where it is told to, and what came of it, for the next one to go on', async () => {
    folder.write({
      'count.yaml': flow(
        'count',
        '[{name: go, component: counter, function: run, onError: {retry: {maxAttempts: 1}}}]',
      ),
      'counter/component.json': '{"triggers": {"run": {"main": "./run.js"}}}',
      'counter/run.js':
        'exports.process = function (msg, cfg, snapshot) { const n = (snapshot.n || 0) + 1; this.emit("snapshot", { n }); if (msg.data.fail) this.emit("error", new Error("no")); else this.emit("data", { data: { n } }); this.emit("end") }',
    })
    const words = ['count.yaml', '--component', 'counter=counter', '--once', '--state', 'state'] as const
    const numbers = async (...more: string[]) =>
      jsonLines((await run(...words, ...more)).stdout).map(({ data }) => data.n)
    expect(await numbers()).toEqual([1])
    expect(await numbers('--data', '{"fail": true}')).toEqual([])
    expect(await numbers()).toEqual([2])
    const before = readFileSync(join(folder.path, 'count.yaml'), 'utf8')
    folder.write({ 'count.yaml': before.replace('maxAttempts: 1', 'maxAttempts: 2') })
    expect(await numbers()).toEqual([3])
    const store = openSqliteStore(join(folder.path, 'state', 'weir.db'))
    expect(await store.deadLetters.list({})).toMatchObject([
      { step: 'go', code: 'ComponentFailed', attempts: 1, revision: 1 },
    ])
    expect((await store.runs.list({})).map(({ revision }) => revision)).toEqual([2, 1, 1, 1])
    await store.close()
  }, 60_000)

  it('does not open or write anything when what was typed is wrong', async () => {
    folder.write({ 'one.yaml': flow('one', '[{name: say, log: data}]') })
    await run('one.yaml', '--once', '--state', 'untouched', '--data', '{')
    expect(readdirSync(folder.path)).not.toContain('untouched')
  })
})

/** Says when it begins, works until a file is there, and keeps a child of its own. */
const slow = `
  const fs = require("fs")
  if (!globalThis.kept) globalThis.kept = require("child_process").spawn("sleep", ["600"])
  console.log("begun " + msg.data.n + " in " + process.pid + " with " + globalThis.kept.pid)
  while (!fs.existsSync(cfg.until)) await new Promise((resolve) => setTimeout(resolve, 20))
  return { data: { ended: msg.data.n } }`

function slowFlow(name: string): string {
  const until = join(folder.path, `${name}-go-on`)
  return (
    flow(
      name,
      `[{name: go, component: code, function: run, config: {until: ${until}}, onError: {retry: {maxAttempts: 3}}}]`,
    ) + component(slow)
  )
}

async function begun(one: WeirProcess): Promise<number[]> {
  const [, , pid, kept] = await one.says(/begun (\S+) in (\d+) with (\d+)/)
  return [Number(pid), Number(kept)]
}

async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 10))
}

const sourceFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('weir-source-'))

/** Gives twice as much as its second step can take. */
const listening = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: feed}
spec:
  functions: [{name: feed, kind: trigger}, {name: put, kind: action}]
  source:
    files:
      feed.js: |
        exports.process = function () {
          let n = 0
          setInterval(() => this.emit('data', { data: { n: ++n } }), 50)
          return new Promise(() => {})
        }
      put.js: |
        exports.process = async (msg) => {
          await new Promise((resolve) => setTimeout(resolve, 100))
          console.log('put ' + msg.data.n)
          return { data: msg.data }
        }
---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: listens}
spec:
  triggers: [{name: on-change, listen: {}}]
  steps: [{name: feed, component: feed, function: feed}, {name: put, component: feed, function: put}]
`

describe('Ctrl-C', () => {
  it('lets what has started finish; nothing of it is left behind', async () => {
    folder.write({ 'drains.yaml': slowFlow('drains') })
    const before = new Set(sourceFolders())
    const one = start('run', 'drains.yaml', '--once', '--data', '{"n": 1}')
    const pids = await begun(one)
    const own = sourceFolders().filter((name) => !before.has(name))
    one.type('SIGINT')
    await one.says(/finishing what has started; a second Ctrl-C stops at once/)
    writeFileSync(join(folder.path, 'drains-go-on'), '')
    const { code, stdout } = await one.ended
    expect(jsonLines(stdout)).toMatchObject([{ data: { ended: 1 } }])
    expect(code).toBe(130)
    await untilGone(pids)
    expect(own.length).toBeGreaterThan(0)
    expect(sourceFolders()).not.toEqual(expect.arrayContaining(own))
  })

  it('stops an endless trigger first, so that all it gave is finished', async () => {
    folder.write({ 'listens.yaml': listening })
    const one = start('run', 'listens.yaml')
    await one.says(/put 3/)
    one.type('SIGINT')
    const { code, stderr } = await one.ended
    expect(stderr).toContain('left the last steps')
    expect(stderr).not.toContain('had not finished')
    expect(code).toBe(0)
  })

  it('stops at once when it is pressed again, keeps what was under way, and leaves no process behind', async () => {
    folder.write({ 'stops.yaml': slowFlow('stops') })
    const words = ['run', 'stops.yaml', '--once', '--data', '{"n": 1}', '--state', 'stops-state']
    const one = start(...words)
    const pids = await begun(one)
    one.type('SIGINT')
    await one.says(/finishing what has started/)
    // A Ctrl-C that a wrapper passes on comes within a moment and is the same one.
    one.type('SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(isAlive(one.pid)).toBe(true)
    one.type('SIGINT')
    const { code, stdout, stderr } = await one.ended
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(stderr).toContain('1 message had not finished and is kept: the next run with this --state goes on')
    await untilGone(pids)

    writeFileSync(join(folder.path, 'stops-go-on'), '')
    const next = await run('stops.yaml', '--once', '--data', '{"n": 2}', '--state', 'stops-state')
    expect(next.stderr).toContain('going on with 1 message of the last run')
    expect(new Set(jsonLines(next.stdout).map(({ data }) => data.ended))).toEqual(new Set([1, 2]))
    expect(next.code).toBe(0)
  })

  it('says what is lost without a state', async () => {
    folder.write({
      'loses.yaml':
        flow('loses', `[${step('{maxAttempts: 9, initialDelaySeconds: 60}')}]`) + component('throw new Error("away")'),
    })
    const one = start('run', 'loses.yaml', '--once')
    await one.says(/attempt failed, it will be tried again/)
    one.type('SIGINT')
    const { code, stderr } = await one.ended
    expect(stderr).toContain(
      '1 message had not finished and is gone: queues are in memory; with --state DIR the next run goes on',
    )
    expect(code).toBe(130)
  })

  it('ends a run of all triggers in order, with 0', async () => {
    folder.write({
      'ticks.yaml': flow(
        'ticks',
        '[{name: say, log: $trigger.name}]',
        '[{name: tick, schedule: {cron: "* * * * * *"}}, {name: by-hand, manual: {}}]',
      ),
    })
    const one = start('run', 'ticks.yaml')
    await one.says(
      /flow ticks, revision 1\n {2}tick {2}schedule {2}next at \S+\n {2}by-hand {2}manual\nrunning; Ctrl-C stops/,
    )
    await one.says(/value=tick/)
    one.type('SIGINT')
    const { code, stdout } = await one.ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  })

  it('is SIGTERM, too', async () => {
    folder.write({ 'waits.yaml': flow('waits', '[{name: say, log: data}]') })
    const one = start('run', 'waits.yaml')
    await one.says(/nothing starts by itself here: fire a trigger with --once/)
    one.signal('SIGTERM')
    expect((await one.ended).code).toBe(0)
  })

  it('reaches a weir that an older Node started', async () => {
    // The test itself runs on the one that weir needs; others are where the machine has them.
    const old = ['/usr/bin/node', '/usr/local/bin/node'].find(isOlderNode)
    if (old === undefined) return
    folder.write({ 'old.yaml': flow('old', '[{name: say, log: data}]') })
    const one = startProgram(old, [weirPath, 'run', 'old.yaml'], { cwd: folder.path })
    running.push(one)
    await one.says(/running; Ctrl-C stops/)
    one.signal('SIGINT')
    expect((await one.ended).code).toBe(0)
  })
})

function isOlderNode(path: string): boolean {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  return /^v2[0-3]\./.test(stdout ?? '')
}

describe('webhooks of weir run', () => {
  it('listen on --port, on loopback, until Ctrl-C', async () => {
    folder.write({
      'hooks.yaml': flow(
        'hooks',
        '[{name: say, log: data.id}]',
        '[{name: hook, webhook: {path: /x, auth: {none: {}}}}]',
      ),
    })
    const one = start('run', 'hooks.yaml', '--port', '0')
    const [, url] = await one.says(/hook {2}webhook {2}POST {2}(http:\/\/127\.0\.0\.1:\d+\/hooks\/default\/x)\n/)
    await one.says(/running/)
    const response = await fetch(url!, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"id": 42}',
    })
    expect(response.status).toBe(202)
    await one.says(/value=42/)
    one.type('SIGINT')
    expect((await one.ended).code).toBe(0)
    await expect(fetch(url!, { method: 'POST' })).rejects.toThrow()
  })
})
