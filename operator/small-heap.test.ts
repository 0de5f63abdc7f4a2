import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'

/** As an operator does at its start: keeps a part of what it makes, and drops the rest some time later. */
const program = `
  import { setTimeout as pause } from 'node:timers/promises'
  import { keepHeapSmall } from '${pathToFileURL(join(import.meta.dirname, 'small-heap.ts')).href}'
  keepHeapSmall()
  const megabytes = () => process.memoryUsage().rss / 2 ** 20
  const made = (at) => ({ at, text: String(at).repeat(20), list: [at, at + 1, at + 2] })
  const kept = Array.from({ length: 100_000 }, (_, at) => made(at))
  const before = megabytes()
  const passing = []
  let most = 0
  for (let turn = 0; turn < 300; turn += 1) {
    for (let at = 0; at < 10_000; at += 1) passing[(turn * 10_000 + at) % 60_000] = made(at)
    await pause()
    most = Math.max(most, megabytes())
  }
  passing.length = 0
  for (let waits = 0; waits < 600 && megabytes() > before + 25; waits += 1) await pause(100)
  console.log(JSON.stringify({ peak: most - before, left: megabytes() - before, kept: kept.length }))`

it('takes little more memory than what is alive, and gives back what was freed', { timeout: 120_000 }, async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  const { peak, left } = JSON.parse(output) as { readonly peak: number; readonly left: number }
  // Without it 330 and 330 MB.
  expect(peak).toBeLessThan(150)
  expect(left).toBeLessThan(25)
})
