import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readJsonOption, readObjectOption } from './read-value.ts'
import { UsageError } from './usage-error.ts'

let root: string
const files: Record<string, string> = {
  'a.json': '{"a": 1}',
  'bom.json': '\uFEFF{"a": 2}',
  'a.yaml': 'a: 3 # three\n',
  'two.yaml': 'a: 1\n---\nb: 2\n',
  'bad.yaml': 'a: 1\nb: [hunter2, c\n',
  'empty.yaml': '# nothing\n',
  'bomb.yaml': `a: &a [1, 1]\n${Array.from(
    { length: 9 },
    (_, at) =>
      `k${at}: &k${at} [${Array(9)
        .fill(at === 0 ? '*a' : `*k${at - 1}`)
        .join(',')}]`,
  ).join('\n')}\n`,
}
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-values-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
})
afterAll(() => rmSync(root, { recursive: true }))

const terminal = { stdin: async () => '{"from": "stdin"}' }
const read = (text: string) => readJsonOption({ option: '--data', text: text.replace('@/', `@${root}/`) }, terminal)

describe('readJsonOption', () => {
  it.each([
    { text: '{"a": [null, "ü"]}', want: { a: [null, 'ü'] } },
    { text: ' 7 ', want: 7 },
    { text: '@/a.json', want: { a: 1 } },
    { text: '@/bom.json', want: { a: 2 } },
    { text: '@/a.yaml', want: { a: 3 } },
    { text: '@-', want: { from: 'stdin' } },
  ])('reads $text', async ({ text, want }) => {
    expect(await read(text)).toEqual(want)
  })

  it.each([
    { text: '{"a" 1}', want: '--data is not valid JSON: see line 1, column 6. To read it from a file write @FILE' },
    { text: '{"a":\n hello}', want: 'see line 2, column 2 (a text needs double quotes)' },
    { text: '{"a": 1', want: 'it ends too early' },
    { text: '   ', want: 'it is empty' },
    { text: '@', want: 'give a file behind the @' },
    { text: '@/none.json', want: 'none.json: there is no such file or directory' },
    { text: '@/two.yaml', want: 'two.yaml is neither JSON nor YAML: see line 2, column 1' },
    { text: '@/bad.yaml', want: 'bad.yaml is neither JSON nor YAML: see line' },
    { text: '@/empty.yaml', want: 'empty.yaml is empty' },
    { text: '@/bomb.yaml', want: 'its aliases stand for too much' },
  ])('says where $text is wrong', async ({ text, want }) => {
    const refusal = await read(text).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refusal).toBeInstanceOf(UsageError)
    expect((refusal as Error).message).toContain(want)
  })

  it('does not quote what it could not read: it may be a secret', async () => {
    for (const text of ['{"password": hunter2}', '@/bad.yaml', '"hunter2']) {
      await expect(read(text)).rejects.not.toThrow('hunter2')
    }
  })
})

describe('readObjectOption', () => {
  it.each([
    { text: '[1]', want: 'is a list' },
    { text: 'null', want: 'is null' },
    { text: '"x"', want: 'is a string' },
    { text: '7', want: 'is a number' },
  ])('refuses $text', async ({ text, want }) => {
    await expect(readObjectOption({ option: '--config', text }, terminal)).rejects.toThrow(want)
  })
})
