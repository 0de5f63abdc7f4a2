import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { supervisedChildren } from './supervised-children.cjs'

/** Starts one that leaves the group and keeps the output open, when it is told to; lives until it is killed. */
const program = `
if (process.env.LEAVES) {
  const left = require('child_process').spawn('sleep', ['60'], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
  console.log('left ' + left.pid)
} else console.log('alive ' + process.pid)
setInterval(() => {}, 1000)
`
const argument = process.argv[1]
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-children-'))
  const path = join(directory, 'program.cjs')
  writeFileSync(path, program)
  process.argv[1] = path
})
afterEach(() => {
  process.argv[1] = argument as string // vitest's own
  rmSync(directory, { recursive: true, force: true })
})

it('tells a runner nothing of what an earlier one has started, though it bears the same number', async () => {
  const said: { readonly id?: number; readonly type: string; readonly text?: string }[] = []
  const { PATH } = process.env
  const children = supervisedChildren((message) => said.push(message as (typeof said)[number]) > 0, { PATH })
  const pidAfter = (word: string): Promise<number> =>
    vi.waitFor(
      () => {
        const text = said.find((one) => one.text?.startsWith(word))?.text ?? expect.fail(`nothing said of ${word}`)
        return Number(text.split(' ')[1])
      },
      { timeout: 20_000 },
    )
  try {
    children.launch({ id: 1, env: { LEAVES: 'yes' }, maxHeapMb: 64 })
    const left = await pidAfter('left')
    children.endAll()
    children.launch({ id: 1, env: {}, maxHeapMb: 64 })
    await pidAfter('alive')
    process.kill(left, 'SIGKILL')
    // That is told by the end of the earlier one's output, which the end of a third comes after.
    children.launch({ id: 2, env: {}, maxHeapMb: 64 })
    await vi.waitFor(() => expect(said.filter(({ text }) => text?.startsWith('alive'))).toHaveLength(2), {
      timeout: 20_000,
    })
    children.kill(2)
    await vi.waitFor(() => expect(said).toContainEqual(expect.objectContaining({ id: 2, type: 'exited' })))
    expect(said.filter(({ id, type }) => id === 1 && type === 'exited')).toEqual([])
    children.kill(1)
    await vi.waitFor(() => expect(said).toContainEqual(expect.objectContaining({ id: 1, type: 'exited' })))
  } finally {
    children.endAll()
  }
})
