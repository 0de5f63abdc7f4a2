import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { installed, type Installation } from './cache-directory.ts'
import { debianMirror } from './debian-packages.ts'

describe('what is installed', () => {
  let cache: string
  let installs: number
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'weir-cache-test-'))
    vi.stubEnv('XDG_CACHE_HOME', cache)
    installs = 0
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(cache, { recursive: true })
  })

  const contents = (directory: string): Promise<string> => readFile(join(directory, 'thing'), 'utf8')
  const thing: Installation = {
    name: 'thing-1',
    isUsable: async (directory) => (await contents(directory).catch(() => '')) === 'whole',
    install: async (directory) => {
      installs += 1
      await writeFile(join(directory, 'thing'), 'half')
      await new Promise((resolve) => setTimeout(resolve, 50))
      await writeFile(join(directory, 'thing'), 'whole')
    },
  }

  it('is installed once, however many ask at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => installed(thing)))
    expect(new Set(all).size).toBe(1)
    expect(installs).toBe(1)
    expect(await contents(all[0] ?? '')).toBe('whole')
  })

  it('is installed again when it is broken', async () => {
    const directory = await installed(thing)
    await writeFile(join(directory, 'thing'), 'half')
    await installed(thing)
    expect([installs, await contents(directory)]).toEqual([2, 'whole'])
  })

  it('is not there after a failure, and there after the next try', async () => {
    const install = async (): Promise<void> => Promise.reject(new Error('no network'))
    await expect(installed({ ...thing, install })).rejects.toThrow('no network')
    expect(existsSync(join(cache, 'weir', 'thing-1'))).toBe(false)
    await installed(thing)
    expect(installs).toBe(1)
  })

  it('is refused when it does not work after all', async () => {
    const install = async (directory: string): Promise<void> =>
      writeFile(join(directory, 'thing'), 'of another machine')
    await expect(installed({ ...thing, install })).rejects.toThrow('does not run on this machine')
  })
})

describe('the mirror of Debian', () => {
  it.each([
    { name: 'a line', text: 'deb http://mirror.test/debian bookworm main\n', want: 'http://mirror.test/debian' },
    {
      name: 'a line with options',
      text: '# x\ndeb [signed-by=/k arch=amd64] http://mirror.test/debian stable main contrib\n',
      want: 'http://mirror.test/debian',
    },
    {
      name: 'a stanza',
      text: 'Types: deb\n# http://old.test\nURIs: http://mirror.test/debian\nSuites: trixie trixie-updates\nComponents: main\n',
      want: 'http://mirror.test/debian',
    },
    { name: 'one of Ubuntu', text: 'deb http://mirror.test/ubuntu noble main\n', want: undefined },
    {
      name: 'security updates alone',
      text: 'Types: deb\nURIs: http://mirror.test/debian-security\nSuites: bookworm-security\nComponents: main\n',
      want: undefined,
    },
    { name: 'sources alone', text: 'deb-src http://mirror.test/debian bookworm main\n', want: undefined },
  ])('is read from $name', ({ text, want }) => expect(debianMirror(text)).toBe(want))
})
