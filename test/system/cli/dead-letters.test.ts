import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folderOf, jsonLines, startWeir, weir } from './weir-process.ts'

const folder = folderOf({
  'flow.yaml': `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
  - {name: shape, transform: data}
  - name: store
    component: shop
    function: put
    onError: {retry: {maxAttempts: 2, initialDelaySeconds: 0.1}}
  - {name: say, transform: '{"said": data}'}
---
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: shop}
spec:
  source:
    files:
      component.json: '{"title": "Shop", "actions": {"put": {"main": "./put.js"}}}'
      put.js: |
        exports.process = async (msg) => {
          if (msg.data.bad) throw new Error('the shop is shut')
          return msg
        }
`,
  'editor.sh': `sed -i 's/"bad": true/"bad": false/; s/"amount": 2/"amount": 22/' "$1"\n`,
  'spoil.sh': `echo '{"data": ' > "$1"\n`,
})
afterAll(folder.remove)

const cli = (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  weir([...words], { cwd: folder.path, env })
const letters = (...words: string[]) => cli(['dead-letters', ...words, '--state', 'state'])
const runs = (...words: string[]) => cli(['runs', ...words, '--state', 'state'])
const run = (data: object, ...words: string[]) =>
  cli(['run', 'flow.yaml', '--once', '--state', 'state', '--data', JSON.stringify(data), ...words])
const lines = (text: string) => text.split('\n').filter(Boolean)
const nameOf = async (amount: number) => {
  const { stdout } = await letters('list', '--where', `data.amount = ${amount}`, '-o', 'name')
  return lines(stdout)[0] ?? ''
}
/** What a next run finishes of what an earlier one, or a replay, left in the queues. */
const finished = async () => jsonLines((await run({ amount: 0 })).stdout).map(({ data }) => data.said)

beforeAll(async () => {
  // One after the other: a state has one run at a time.
  for (const amount of [1, 2, 3, 4, 5, 6]) await run({ bad: true, amount })
  await run({ amount: 100 })
}, 120_000)

describe('weir dead-letters list', () => {
  it('prints what died, newest first, in columns, and nothing of what the messages hold', async () => {
    const { stdout, stderr, code } = await letters('list')
    expect(lines(stdout)[0]).toMatch(/^NAME +FLOW +CODE +ATTEMPTS +AGE +MESSAGE$/)
    expect(lines(stdout).slice(1)).toHaveLength(6)
    expect(lines(stdout)[1]).toMatch(
      /^[\da-f]{32}\/store +default\/orders +ComponentFailed +2 +\d+s +the shop is shut$/,
    )
    expect(stdout).not.toContain('amount')
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    const json = JSON.parse((await letters('list', '-o', 'json')).stdout)
    expect(json[0]).toMatchObject({ flow: 'default/orders', step: 'store', code: 'ComponentFailed', state: 'dead' })
    expect(JSON.stringify(json)).not.toContain('amount')
  })

  it.each([
    { words: ['--flow', 'orders'], want: 6 },
    { words: ['--flow', 'default/orders', '--step', 'store', '--code', 'ComponentFailed'], want: 6 },
    { words: ['--step', 'shape'], want: 0 },
    { words: ['--code', 'PlanMismatch'], want: 0 },
    { words: ['--since', '2h'], want: 6 },
    { words: ['--until', '2h'], want: 0 },
    { words: ['--where', 'data.amount > 2 and letter.attempts = 2'], want: 4 },
    { words: ['--where', '$flow.name = "orders" and $step.name = "store" and $trigger.name = "by-hand"'], want: 6 },
    { words: ['--limit', '2'], want: 2 },
  ])('finds $want with $words', async ({ words, want }) => {
    const { stdout, code } = await letters('list', ...words, '-o', 'name')
    expect(lines(stdout)).toHaveLength(want)
    expect(code).toBe(0)
  })

  it.each([
    { words: ['--flow', 'nope'], says: /the store knows no flow "nope"/, code: 2 },
    { words: ['--since', 'yesterday'], says: /--since: give a time/, code: 2 },
    { words: ['--where', 'data.amount >'], says: /--where: .*\(at character \d+\)/, code: 2 },
    { words: ['--where', '$error("no")'], says: /--where failed on 6 dead letters, which are left out/, code: 1 },
    { words: ['--store', 'mongodb://x/y'], says: /--state or --store, not both/, code: 2 },
  ])('says what is wrong with $words', async ({ words, says, code }) => {
    const ended = await letters('list', ...words)
    expect(ended.stderr).toMatch(says)
    expect(ended.code).toBe(code)
  })

  it('asks for a store where none is named, and makes none', async () => {
    const none = await cli(['dead-letters', 'list'], { WEIR_STORE: '' })
    expect(none).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--store URL (or WEIR_STORE), -n NAMESPACE of a cluster, or --state DIR'),
    })
    const absent = await cli(['dead-letters', 'list', '--state', 'absent'])
    expect(absent).toMatchObject({ code: 2, stderr: expect.stringContaining('no run has left its state in absent') })
    expect(existsSync(`${folder.path}/absent`)).toBe(false)
    const wrong = await cli(['runs'], { WEIR_STORE: 'mongodb://me:hunter2@127.0.0.1:1/weir' })
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('127.0.0.1:1') })
    expect(wrong.stderr).not.toContain('hunter2')
  })
})

describe('weir dead-letters show', () => {
  it('prints attempts, errors and the message; by the beginning of an id, too', async () => {
    const name = await nameOf(1)
    const { stdout } = await letters('show', name)
    expect(stdout).toMatch(/^Name: +[\da-f]+\/store\nFlow: +default\/orders\nStep: +store\n/)
    expect(stdout.match(/ ComponentFailed +the shop is shut$/gm)).toHaveLength(2)
    expect(stdout).toContain('"amount": 1')
    const [json] = [JSON.parse((await letters('show', name.slice(0, 12), '-o', 'json')).stdout)]
    expect(json).toMatchObject({ name, message: { data: { bad: true, amount: 1 } }, failures: [{}, {}] })
    expect((await letters('show', 'aaaaaa/store')).stderr).toContain('there is no dead letter "aaaaaa/store"')
  })
})

describe('weir dead-letters replay', () => {
  it('says what it would do, beside a run that has the state, and does nothing', async () => {
    const beside = startWeir(['run', 'flow.yaml', '--state', 'state'], { cwd: folder.path })
    await beside.says(/press Ctrl-C|by hand|Ctrl-C/)
    const dry = await letters('replay', '--where', 'data.amount <= 2', '--dry-run')
    expect(dry.stdout.match(/replayed to "store", revision 1 \(dry run\)$/gm)).toHaveLength(2)
    expect(dry.stderr).toContain('2 dead letters would be replayed')
    const refused = await letters('replay', '--all')
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('in use by a weir run: stop that one') })
    beside.type('SIGINT')
    await beside.ended
    expect(lines((await letters('list', '-o', 'name')).stdout)).toHaveLength(6)
  })

  it('sends a message on, edited by an expression, by data or in an editor; the next run finishes it', async () => {
    const [first, second, third] = [await nameOf(1), await nameOf(2), await nameOf(3)]
    const merged = await letters('replay', first, '--edit-with', '$merge([data, {"bad": false}])')
    expect(merged).toMatchObject({ code: 0, stdout: `${first} replayed to "store", revision 1\n`, stderr: '' })
    const words = ['dead-letters', 'replay', second, '--edit', '--state', 'state']
    expect(await cli(words, { EDITOR: 'sh editor.sh', VISUAL: 'sh editor.sh' })).toMatchObject({ code: 0, stderr: '' })
    expect(await letters('replay', third, '--data', '{"amount": 33}')).toMatchObject({ code: 0 })
    expect(await finished()).toEqual(
      expect.arrayContaining([{ bad: false, amount: 1 }, { bad: false, amount: 22 }, { amount: 33 }, { amount: 0 }]),
    )
    expect(await letters('replay', first)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: `${first} was replayed already\n`,
    })
  })

  it('sends a message to another step; one that dies again is beside the letter that was replayed', async () => {
    const [fourth, fifth] = [await nameOf(4), await nameOf(5)]
    const json = JSON.parse((await letters('replay', fourth, '--to', 'say', '-o', 'json')).stdout)
    expect(json).toEqual([{ name: fourth, outcome: 'replayed', step: 'say', revision: 1 }])
    expect(await letters('replay', fifth, '--to', 'entry')).toMatchObject({ code: 0 })
    expect(await finished()).toEqual(expect.arrayContaining([{ bad: true, amount: 4 }]))
    const { stdout } = await letters('list', '--where', 'data.amount = 5', '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject([{ state: 'dead', replay: 1, attempts: 2 }])
    const all = JSON.parse((await letters('list', '--settled', '-o', 'json')).stdout)
    expect(all.find(({ name }: { name: string }) => name === fifth)).toMatchObject({ state: 'replayed' })
  })

  it.each([
    { words: [], says: /which dead letters\? Give names, filters/, code: 2 },
    { words: ['abcdef/store', '--all'], says: /names, or filters, not both/, code: 2 },
    { words: ['--all', '--edit'], says: /--edit takes one dead letter/, code: 2 },
    { words: ['--all', '--edit', '--data', '1'], says: /one of --edit, --edit-with and --data/, code: 2 },
    { words: ['--all', '--data', '{'], says: /--data is not valid JSON/, code: 2 },
    {
      words: ['--all', '--to', 'shap'],
      says: /StepNotFound the flow has no step "shap".*did you mean "shape"/,
      code: 1,
    },
    { words: ['--all', '--edit-with', 'data.none'], says: /--edit-with gives nothing for /, code: 2 },
  ])('says what is wrong with $words, and changes nothing', async ({ words, says, code }) => {
    const before = (await letters('list', '-o', 'name')).stdout
    const ended = await letters('replay', ...words)
    expect(ended.stderr).toMatch(says)
    expect(ended.code).toBe(code)
    expect((await letters('list', '-o', 'name')).stdout).toBe(before)
  })

  it('keeps what was typed when it is no message, and changes nothing when nothing was changed', async () => {
    const words = ['dead-letters', 'replay', await nameOf(6), '--edit', '--state', 'state']
    const left = () => readdirSync(join(folder.path, 'tmp')).filter((name) => name.startsWith('weir-edit-'))
    const edit = (editor: string) => cli(words, { VISUAL: editor, TMPDIR: join(folder.path, 'tmp') })
    folder.write({ 'tmp/.keep': '' })
    const spoiled = await edit('sh spoil.sh')
    expect(spoiled.code).toBe(2)
    const [file = ''] = /\S*weir-edit-\S*\/message\.json/.exec(spoiled.stderr) ?? []
    expect(existsSync(file)).toBe(true)
    expect(left()).toHaveLength(1)
    expect(await edit('true')).toMatchObject({ code: 0, stderr: 'edit cancelled, nothing changed\n' })
    expect(await edit('false')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the editor (false) failed'),
    })
    expect(left()).toHaveLength(1)
    expect(await nameOf(6)).not.toBe('')
  })
})

describe('weir dead-letters drop', () => {
  it('drops one by its name; what filters choose only when that is agreed to', async () => {
    const name = await nameOf(6)
    expect(await letters('drop', '--flow', 'orders', '--dry-run')).toMatchObject({ code: 0 })
    const unasked = await letters('drop', '--flow', 'orders')
    expect(unasked).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/drops \d dead letters?, for good: say --yes/),
    })
    expect(await letters('drop', name)).toMatchObject({ code: 0, stdout: `${name} dropped\n` })
    expect(await letters('drop', name)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('already'),
    })
    expect(await letters('drop', '--all', '--yes')).toMatchObject({ code: 0 })
    expect(await letters('list')).toMatchObject({ code: 0, stdout: '', stderr: 'no dead letters\n' })
    const states = JSON.parse((await letters('list', '--settled', '-o', 'json')).stdout)
    expect(states.find((letter: { name: string }) => letter.name === name)).toMatchObject({ state: 'dropped' })
  })
})

describe('weir runs', () => {
  it('lists runs, newest first, with or without its verb', async () => {
    const { stdout, code } = await runs()
    expect(lines(stdout)[0]).toMatch(/^RUN +FLOW +TRIGGER +REVISION +STATE +MESSAGES +DEAD +DURATION +AGE$/)
    expect(lines(stdout)[1]).toMatch(/^[\da-f]{32} +default\/orders +by-hand +1 +finished +2 +0 +\d+m?s +\d+s$/)
    expect(code).toBe(0)
    const ids = lines((await runs('list', '--flow', 'orders', '-o', 'name')).stdout)
    expect(ids).toHaveLength(lines(stdout).length - 1)
    expect(lines((await runs('--limit', '1', '-o', 'name')).stdout)).toEqual(ids.slice(0, 1))
    const failed = lines((await runs('--failed', '-o', 'name')).stdout)
    expect(failed.length).toBeGreaterThan(0)
    expect(failed.length).toBeLessThan(ids.length)
    expect(ids).toEqual(expect.arrayContaining(failed))
    const json = JSON.parse((await runs('--failed', '--since', '2h', '-o', 'json')).stdout)
    expect(json.map(({ id }: { id: string }) => id)).toEqual(failed)
    expect(json[0]).toMatchObject({ state: 'failed', dead: 1, underWay: 0, flow: 'default/orders' })
    expect((await runs('list', '--flow', 'nope')).code).toBe(2)
  })

  it('shows a run as the tree of its messages, with attempts and errors, by the beginning of its id, too', async () => {
    const oldest = lines((await runs('-o', 'name')).stdout).at(-1) ?? ''
    const { stdout } = await runs('show', oldest)
    expect(stdout).toMatch(/^Run: +[\da-f]+\nFlow: +default\/orders\nTrigger: +by-hand\n/)
    expect(stdout).toMatch(/^shape +1 +settled +1 .*\n└─ store +1 +settled +3 /m)
    expect(stdout).toMatch(/^ +│ +attempt 1, again after \d+m?s: ComponentFailed: the shop is shut$/m)
    expect(stdout).toMatch(
      /^ +│ +attempt 2, replayed after [\d.]+m?s: ComponentFailed: the shop is shut \(dead letter [\da-f]{32}\/store\)$/m,
    )
    expect(stdout).toMatch(/^ +└─ say +fused$/m)
    const json = JSON.parse((await runs('show', oldest.slice(0, 30), '-o', 'json')).stdout)
    const [{ next }] = json.tree
    expect(json).toMatchObject({ id: oldest, missing: 0, state: 'finished', tree: [{ step: 'shape', count: 1 }] })
    expect(next).toMatchObject([{ step: 'store', attempts: 3, failures: [{ attempt: 1 }, { attempt: 2 }] }])
    const stored = json.events.filter(({ step }: { step: string }) => step === 'store')
    expect(stored.map(({ parentId }: { parentId: string }) => parentId)).toEqual([oldest, oldest, oldest])
    expect((await runs('show', 'zzz')).stderr).toContain('there is no run "zzz"')
  })
})
