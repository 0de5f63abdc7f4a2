import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'

type Process = (this: unknown, msg: unknown, cfg: object, snapshot?: unknown) => Promise<unknown>

const load = createRequire(import.meta.url)
const run = (load('./code/run.js') as { process: Process }).process

interface Run {
  readonly msg?: object
  readonly snapshot?: unknown
  readonly cfg?: object
}

async function call(source: unknown, { msg = {}, snapshot, cfg = {} }: Run = {}) {
  const emitted: unknown[] = []
  const taskExec = { emit: async (event: string, value: unknown) => emitted.push([event, structuredClone(value)]) }
  const message = { data: { n: 1 }, metadata: { recordUid: 'r' }, attachments: {}, ...msg }
  const result = await run.call(taskExec, message, { source, ...cfg }, snapshot)
  return { result, emitted }
}

const failure = (source: unknown, options?: Run) =>
  call(source, options).then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error as Error & { code?: string; permanent?: boolean },
  )

describe('code run', () => {
  it.each([
    { name: 'data', source: 'return { n: msg.data.n + 1 }', data: { n: 2 } },
    { name: 'a list', source: 'return [1, 2]', data: [1, 2] },
    { name: 'zero', source: 'return 0', data: 0 },
    { name: 'false', source: 'return false', data: false },
    { name: 'an empty text', source: "return ''", data: '' },
    { name: 'data that has a field data', source: 'return { data: 1, total: 2 }', data: { data: 1, total: 2 } },
    { name: 'awaited data', source: 'return await Promise.resolve(7)', data: 7 },
    { name: 'what a comment ends', source: 'return 7 // done', data: 7 },
    { name: 'a module', source: 'const factor = 3\nmodule.exports = async (msg, cfg) => msg.data.n * factor', data: 3 },
    {
      name: 'a module that exports process',
      source: 'exports.process = function (msg) { return msg.data }',
      data: { n: 1 },
    },
    {
      name: "what Node's modules give",
      source: "return require('node:path').join('a', 'b') + require('os').EOL",
      data: 'a/b\n',
    },
    {
      name: 'what globals give',
      source: "return new URL('http://a/b').pathname + Buffer.from('x').length + btoa('x')",
      data: '/b1eA==',
    },
  ])('gives $name, with the metadata that came', async ({ source, data }) => {
    const { result } = await call(source)
    expect(result).toEqual({ data, metadata: { recordUid: 'r' }, attachments: {} })
  })

  it('takes a whole message as it is', async () => {
    const { result } = await call("return { data: 1, metadata: { kind: 'x' } }")
    expect(result).toEqual({ data: 1, metadata: { kind: 'x' }, attachments: {} })
  })

  it.each(['', 'return', 'return null', 'return undefined'])('gives no message for "%s"', async (body) => {
    expect(await call(`${body};`)).toEqual({ result: undefined, emitted: [] })
  })

  it('emits as many as it likes, and gives the snapshot and the config without the source', async () => {
    const source = `
      await emit(snapshot.from)
      await emit({ data: cfg, metadata: {} })
      await this.emit('snapshot', { from: 2 })`
    const { result, emitted } = await call(source, { snapshot: { from: 1 }, cfg: { password: 'p' } })
    expect(result).toBeUndefined()
    expect(emitted).toEqual([
      ['data', { data: 1, metadata: { recordUid: 'r' }, attachments: {} }],
      ['data', { data: { password: 'p' }, metadata: {}, attachments: {} }],
      ['snapshot', { from: 2 }],
    ])
  })

  it('compiles a source once, keeps its variables, and keeps sources apart', async () => {
    const counter = 'let count = 0\nmodule.exports = () => ++count'
    expect((await call(counter)).result).toMatchObject({ data: 1 })
    expect((await call(counter)).result).toMatchObject({ data: 2 })
    await call('globalThis.leak = 1; Array.prototype.leak = 1; return 1')
    expect((await call('return [typeof leak, typeof [].leak]')).result).toMatchObject({
      data: ['undefined', 'undefined'],
    })
    expect('leak' in globalThis || 'leak' in Array.prototype).toBe(false)
  })

  it('keeps a bounded number of sources', async () => {
    const counter = 'let many = 0\nmodule.exports = () => ++many'
    await call(counter)
    for (let index = 0; index < 150; index++) await call(`return ${index}`)
    expect((await call(counter)).result).toMatchObject({ data: 1 })
  })

  it.each([
    { name: 'nothing', source: undefined, says: 'config.source must be' },
    { name: 'blanks', source: ' \n', says: 'config.source must be' },
    { name: 'a broken body', source: 'const a = 1\nreturn a +\n', says: '(line 2): Unexpected token' },
    { name: 'a broken first line', source: 'return }', says: '(line 1): Unexpected token' },
    { name: 'a broken module', source: 'const a\nmodule.exports = a', says: '(line 1): Missing initializer' },
    {
      name: 'a module that fails',
      source: '\n\nnull.x\nmodule.exports = 1',
      says: '(line 3): Cannot read properties of null',
    },
    { name: 'a module without a function', source: 'module.exports = 1', says: 'exports no function' },
    { name: 'a foreign module', source: "require('lodash')", says: 'require("lodash"): only Node' },
  ])('refuses $name for good, and says where', async ({ source, says }) => {
    const error = await failure(source)
    expect(error).toMatchObject({ code: 'InvalidSource', permanent: true })
    expect(error.message).toContain(says)
  })

  it('lets the errors of the function through, with its lines', async () => {
    const error = await failure("\nthrow Object.assign(new TypeError('no'), { code: 'Mine', permanent: true })")
    expect(error).toMatchObject({ message: 'no', code: 'Mine', permanent: true, name: 'TypeError' })
    expect(error.stack).toContain('source.js:2')
    expect((await failure('throw new Error()')).stack).toContain('source.js:1:7')
  })
})
