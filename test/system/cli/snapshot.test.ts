import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folderOf, jsonLines, startWeir, weir } from './weir-process.ts'

const folder = folderOf({
  'flow.yaml': `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: changes, namespace: shop}
spec:
  triggers: [{name: often, poll: {everySeconds: 0.2}}]
  steps:
  - {name: count, component: counter, function: next}
  - {name: say, log: data.n}
---
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: counter, namespace: shop}
spec:
  source:
    files:
      component.json: '{"title": "Counter", "triggers": {"next": {"main": "./next.js"}}}'
      next.js: |
        exports.process = function (msg, cfg, snapshot) {
          const n = (snapshot.n || 0) + 1
          this.emit('data', { data: { n } })
          this.emit('snapshot', { n })
          this.emit('end')
        }
`,
})
afterAll(folder.remove)

const snapshot = (...words: string[]) => weir(['snapshot', ...words, '--state', 'state'], { cwd: folder.path })
const once = async () => {
  const { stdout } = await weir(['run', 'flow.yaml', '--once', '--state', 'state'], { cwd: folder.path })
  return jsonLines(stdout).map(({ data }) => data.n)
}

beforeAll(async () => {
  expect(await once()).toEqual([1])
}, 60_000)

describe('weir snapshot', () => {
  it('prints, sets and resets what a step keeps, and the step goes on from there', async () => {
    expect(await snapshot('get', 'shop/changes', 'count')).toMatchObject({ code: 0, stdout: '{\n  "n": 1\n}\n' })
    expect(await snapshot('set', 'shop/changes', 'count', '{"n": 41}')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^snapshot of shop\/changes\/count set \(epoch \d+\)\n$/),
    })
    expect(await once()).toEqual([42])
    expect(await snapshot('get', 'shop/changes', 'count', '-o', 'yaml')).toMatchObject({ stdout: 'n: 42\n' })
    expect(await snapshot('reset', 'shop/changes', 'count')).toMatchObject({ code: 0 })
    expect(await snapshot('get', 'shop/changes', 'count')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'shop/changes/count has no snapshot\n',
    })
    expect(await once()).toEqual([1])
  })

  it('makes a run that is under way drop its work and begin with the new one', async () => {
    const running = startWeir(['run', 'flow.yaml', '--state', 'state'], { cwd: folder.path })
    await running.says(/value=[2-9]/)
    expect(await snapshot('set', 'shop/changes', 'count', '{"n": 5000}')).toMatchObject({ code: 0 })
    await running.says(/value=50\d\d/)
    running.type('SIGINT')
    await running.ended
    const { stdout } = await snapshot('get', 'shop/changes', 'count')
    expect(JSON.parse(stdout).n).toBeGreaterThan(5000)
  })

  it.each([
    { words: ['get', 'shop/change', 'count'], says: /the store knows no flow "shop\/change"/ },
    { words: ['get', 'shop/changes', 'cont'], says: /the step "cont" keeps no snapshot: did you mean "count"\?/ },
    { words: ['get', 'shop/changes', 'say'], says: /the step "say" keeps no snapshot; there is count/ },
    { words: ['set', 'shop/changes', 'count', '{'], says: /the snapshot is not valid JSON/ },
    { words: ['set', 'shop/changes', 'count'], says: /missing required argument 'json'/ },
  ])('says what is wrong with $words', async ({ words, says }) => {
    const { stderr, code } = await snapshot(...words)
    expect(stderr).toMatch(says)
    expect(code).toBe(2)
  })
})
