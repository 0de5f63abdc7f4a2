import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EndedEarly, openAnew, startProcess, stopProcess, untilReady, type ServerProcess } from './server-process.ts'

const timeoutMs = 20_000

/** Anything that a shell does. */
function startShell(directory: string, script: string): ServerProcess {
  const env = { PATH: process.env['PATH'] }
  return startProcess({ name: 'shell', directory, program: 'sh', args: ['-c', script], env })
}

it('is opened anew when it ends while it starts, and keeps nothing of the one before', async () => {
  const directories: string[] = []
  const { server, directory } = await openAnew('anew', async (directory) => {
    directories.push(directory)
    const isLast = directories.length === 3
    const server = startShell(directory, isLast ? 'echo up > up; exec sleep 60' : 'echo the port is taken; exit 14')
    await untilReady(server, async () => existsSync(join(directory, 'up')), timeoutMs)
    return { server, directory }
  })
  expect(directories.map((one) => existsSync(one))).toEqual([false, false, true])
  expect(directories.at(-1)).toBe(directory)
  await stopProcess(server, { first: 'SIGKILL', timeoutMs })
})

it('is given up after three that end, with what the last one said', async () => {
  let count = 0
  const opening = openAnew('anew', async (directory) => {
    count += 1
    await untilReady(startShell(directory, `echo word ${count}; exit 14`), async () => false, timeoutMs)
  })
  await expect(opening).rejects.toThrow('word 3')
})

it('is not opened anew for another failure', async () => {
  let count = 0
  const opening = openAnew('anew', async (directory) => {
    await writeFile(join(directory, 'anything'), '')
    count += 1
    throw new Error('no such program')
  })
  await expect(opening).rejects.toThrow('no such program')
  expect(count).toBe(1)
})

it('is not ready by the answer of another that has taken its port', async () => {
  const opening = openAnew('anew', async (directory) => {
    const server = startShell(directory, 'exit 14')
    await server.exited
    await untilReady(server, async () => true, timeoutMs)
  })
  await expect(opening).rejects.toThrow(EndedEarly)
})
