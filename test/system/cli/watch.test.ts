import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { WeirProcess } from './weir-process.ts'
import { folderOf, startWeir, weir } from './weir-process.ts'

const folder = folderOf()
const running: WeirProcess[] = []
afterEach(async () => {
  for (const one of running.splice(0)) {
    one.signal('SIGKILL')
    await one.ended
  }
})
afterAll(folder.remove)

function watching(...words: string[]): WeirProcess {
  const started = startWeir(['run', '--watch', '--port', '0', ...words], { cwd: folder.path })
  running.push(started)
  return started
}

const flow = (name: string, steps: string, triggers: string) => `---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: ${name}}
spec:
  triggers: ${triggers}
  steps: ${steps}
`
const hook = (path: string) => `[{name: hook, webhook: {path: ${path}, auth: {none: {}}}}]`
const say = (word: string) => `[{name: say, log: '"${word} " & data.id'}]`

const urlOf = (one: WeirProcess, path: string) =>
  one.says(new RegExp(`POST {2}(http://127\\.0\\.0\\.1:\\d+/hooks/default${path})\n`)).then(([, url]) => url!)

async function post(url: string, id: number): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ id }) })).status
}

describe('weir run --watch', () => {
  it('makes a revision of each edit, and keeps the last one when an edit has a mistake', async () => {
    folder.write({ 'one.yaml': flow('one', say('first'), hook('/a')) })
    const one = watching('one.yaml')
    const first = await urlOf(one, '/a')
    expect(await post(first, 1)).toBe(202)
    await one.says(/first 1/)

    folder.write({ 'one.yaml': flow('one', say('second'), hook('/b')) })
    await one.says(/flow one, revision 2\n/)
    expect([await post(await urlOf(one, '/b'), 2), await post(first, 2)]).toEqual([202, 404])
    await one.says(/second 2/)

    folder.write({ 'one.yaml': flow('one', '[{name: say, log: "data.("}]', hook('/c')) })
    await one.says(/1 error, 0 warnings: the revisions that run go on until the errors are mended/)
    expect(await post(await urlOf(one, '/b'), 3)).toBe(202)
    await one.says(/second 3/)

    folder.write({ 'one.yaml': flow('one', say('third'), hook('/c')) })
    await one.says(/flow one, revision 3\n/)
    expect(await post(await urlOf(one, '/c'), 4)).toBe(202)
    await one.says(/third 4/)
    one.type('SIGINT')
    expect((await one.ended).code).toBe(0)
  })

  it('follows flows that come and go in a directory, their schedules, webhooks and suspensions', async () => {
    folder.write({ 'flows/a.yaml': flow('a', say('a'), '[{name: by-hand, manual: {}}]') })
    const one = watching('flows')
    await one.says(/nothing starts by itself/)
    folder.write({
      'flows/b.yaml': flow('b', say('b'), hook('/b')),
      'flows/c.yaml': flow(
        'c',
        '[{name: tick, log: \'"tick of c"\'}]',
        '[{name: every, schedule: {cron: "* * * * * *"}}]',
      ),
    })
    await one.says(/every {2}schedule {2}next at/)
    const url = await urlOf(one, '/b')
    expect(await post(url, 1)).toBe(202)
    await one.says(/b 1/)
    await one.says(/tick of c/)

    const suspended = flow('b', say('b'), hook('/b')).replace('spec:', 'spec:\n  suspend: true')
    writeFileSync(join(folder.path, 'flows/b.yaml'), suspended)
    await one.says(/flow b, revision 1, suspended\n/)
    const answer = await fetch(url, { method: 'POST' })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60'])

    writeFileSync(join(folder.path, 'flows/b.yaml'), '# nothing\n')
    await one.says(/flow b is deleted: what has started is finished\n/)
    expect(await post(url, 2)).toBe(404)
    one.type('SIGINT')
    expect((await one.ended).code).toBe(0)
  })

  it('is not for one fire, nor for standard input', async () => {
    folder.write({ 'one.yaml': flow('one', say('x'), hook('/a')) })
    const once = await weir(['run', 'one.yaml', '--watch', '--once'], { cwd: folder.path })
    expect([once.code, once.stderr]).toEqual([2, expect.stringContaining('with --once nothing does')])
    const stdin = await weir(['run', '-', '--watch'], { cwd: folder.path, stdin: '' })
    expect([stdin.code, stdin.stderr]).toEqual([2, expect.stringContaining('standard input cannot be watched')])
  })
})
