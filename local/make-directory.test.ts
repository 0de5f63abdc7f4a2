import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { directoryProblem, makeDirectory } from './make-directory.ts'

const root = mkdtempSync(join(tmpdir(), 'weir-make-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('makeDirectory', () => {
  it('makes what is missing, with the mode, and takes what is there', async () => {
    const deep = join(root, 'a', 'b', 'c')
    await makeDirectory(deep, 0o700)
    await makeDirectory(deep, 0o700)
    await makeDirectory(`${deep}/../d/`)
    expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o700)
    expect(statSync(deep).isDirectory() && statSync(join(root, 'a', 'b', 'd')).isDirectory()).toBe(true)
    symlinkSync(deep, join(root, 'link'))
    await makeDirectory(join(root, 'link', 'e'))
    expect(statSync(join(deep, 'e')).isDirectory()).toBe(true)
  })

  it('fails where there is a file, or nothing can be made', async () => {
    writeFileSync(join(root, 'file'), '')
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling'))
    const problem = (path: string): Promise<string> => makeDirectory(path).then(() => 'made', directoryProblem)
    expect(await problem(join(root, 'file'))).toBe('there is a file of that name already')
    expect(await problem(join(root, 'file', 'a', 'b'))).toBe('a part of the path is a file, not a directory')
    expect(await problem(join(root, 'dangling'))).not.toBe('made')
    expect(await problem('/proc/no/such')).toBe('the file system makes no directory there')
  })
})
