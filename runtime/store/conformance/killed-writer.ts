import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { Store } from '../store.ts'

const script = fileURLToPath(new URL('write-until-killed-main.ts', import.meta.url))

/** A process of its own that writes rounds into the store at a path or URL. */
export function startWriter(store: string, from: number): ChildProcess & { readonly stdout: NodeJS.ReadableStream } {
  return spawn(process.execPath, [script, store, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Kills it after so many rounds; gives the last one that it has promised before. */
export async function writeUntilKilled(
  store: string,
  { from, rounds }: { readonly from: number; readonly rounds: number },
): Promise<number> {
  const child = startWriter(store, from)
  const exited = once(child, 'exit')
  let last = 0
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line)
    if (last === from + rounds - 1) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  expect(signal).toBe('SIGKILL')
  return last
}

/** All rounds up to the promised one are there, whole. */
export async function expectRounds(store: Store, promised: number): Promise<void> {
  expect(promised).toBeGreaterThan(0)
  expect(Number((await store.snapshots.read('queue'))?.value)).toBeGreaterThanOrEqual(promised)
  expect((await store.flows.get('f'))?.state.lastRevision).toBeGreaterThanOrEqual(promised)
  const active = await store.trackedRuns.active('f')
  for (let round = 1; round <= promised; round += 1) {
    const letter = await store.deadLetters.get({ id: `m${round}`, step: 'store', replay: 0 })
    expect(Buffer.compare(letter?.body ?? Buffer.alloc(0), Buffer.alloc(20_000, round))).toBe(0)
    const other = { replay: 0, attempt: 1, copy: 'other' }
    const claim = await store.claims.take(`key-${round}`, other, { nowMs: 3, windowMs: 1e12 })
    expect(claim).toMatchObject({ kind: 'held', claim: { copy: `c${round}`, state: 'done' } })
    expect(await store.fires.insert({ flow: 'f', trigger: 't', at: round, revision: 1 })).toBe(false)
    expect(await store.plans.get('f', round)).toBeDefined()
    expect(await store.blobs.get(`b${round}`)).toHaveLength(round)
    expect(active).toContain(`run-${round}`)
  }
}
