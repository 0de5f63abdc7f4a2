import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { isMark } from '../../../runtime/scheduler/mark.ts'
import { openSqliteStore } from '../../../runtime/store/sqlite-store.ts'
import { payloadOf } from '../../../runtime/wire/body.ts'
import { randomOf } from '../../rig/random.ts'
import type { WeirProcess } from '../cli/weir-process.ts'
import { folderOf, startWeir } from '../cli/weir-process.ts'

const folder = folderOf()
let current: WeirProcess | undefined
afterEach(() => {
  current?.signal('SIGKILL')
  folder.remove()
})

const kills = 20
const perLife = 200
const senders = 8
const concurrency = 8
/** What a stage holds at a time: what runs, and what is read ahead. */
const inFlight = 2 * concurrency * 1.5

/** Of every 40 messages one is dead, one is discarded, one waits for a day, and many are tried twice or wait for a moment. */
const fate = (n: number): 'dead' | 'discarded' | 'waiting' | 'finished' => {
  const fates = { 7: 'dead', 11: 'discarded', 13: 'waiting' } as const
  return fates[(n % 40) as keyof typeof fates] ?? 'finished'
}

const manifests = (): string => `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: killed}
spec:
  triggers:
  - {name: hook, to: check, webhook: {path: /in, auth: {none: {}}}}
  steps:
  - name: check
    component: shop
    function: check
    concurrencyPerProcess: ${concurrency}
    onError: {retry: {maxAttempts: 2, initialDelaySeconds: 0.1}}
    next:
    - {to: day, when: 'data.n % 40 = 13'}
    - {to: moment, when: 'data.n % 40 != 13 and data.n % 3 = 0'}
    - {to: put, otherwise: true}
  - {name: moment, wait: {seconds: 0.3}, next: [{to: put}]}
  - {name: day, wait: {seconds: 86400}, next: [{to: put}]}
  - name: put
    component: shop
    function: put
    concurrencyPerProcess: ${concurrency}
    onError: {retry: {maxAttempts: 2, initialDelaySeconds: 0.1}, then: discard}
    next: []
---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: ticking}
spec:
  triggers: [{name: tick, schedule: {cron: "* * * * * *", missed: all}}]
  steps:
  - {name: note, component: shop, function: note, bind: {at: $trigger.scheduledAt}}
---
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: shop}
spec:
  isolation: shared
  source:
    files:
      check.js: |
        const { mkdirSync } = require('fs')
        exports.process = async (msg) => {
          const { n } = msg.data
          if (n % 40 === 7) throw new Error('never')
          if (n % 5 === 0) {
            let isFirst = true
            try { mkdirSync('${folder.path}/tried-' + n) } catch (error) { isFirst = false }
            if (isFirst) throw new Error('not at the first attempt')
          }
          return { data: { n } }
        }
      put.js: |
        const { appendFileSync } = require('fs')
        exports.process = async (msg) => {
          const { n } = msg.data
          if (n % 40 === 11) {
            appendFileSync('${folder.path}/discarded', n + '\\n')
            throw new Error('nobody wants it')
          }
          await new Promise((resolve) => setTimeout(resolve, 2))
          appendFileSync('${folder.path}/finished', n + '\\n')
          return { data: { n } }
        }
      note.js: |
        exports.process = async (msg, cfg) => {
          require('fs').appendFileSync('${folder.path}/fired', Date.parse(cfg.at) + '\\n')
          return { data: {} }
        }
`

it('loses nothing that was confirmed when it is killed twenty times under load', async () => {
  folder.write({ 'killed.yaml': manifests() })
  const seed = Date.now() % 1_000_000
  const random = randomOf(seed)
  const sent = new Set<number>()
  const unknown = new Set<number>()
  let next = 0
  for (let life = 0; life < kills; life += 1) {
    const { weir, url } = await start()
    const until = next + perLife
    const send = async (): Promise<void> => {
      for (let n = next++; n < until; n = next++) {
        const isSent = await post(url, n)
        ;(isSent ? sent : unknown).add(n)
        if (!isSent) return
      }
    }
    const before = progress()
    const sending = Promise.all(Array.from({ length: senders }, send))
    // A message that is under way at six kills in a row would be taken for the one that kills.
    await vi.waitFor(() => expect(progress()).toBeGreaterThan(before + 2 * inFlight), { timeout: 60_000, interval: 5 })
    await pause(random.between(0, 400))
    weir.signal('SIGKILL')
    await Promise.all([weir.ended, sending])
  }
  let stderr = ''
  const finish = async (): Promise<void> => {
    const { weir } = await start()
    const said = (): string => `seed ${seed}\n${weir.stderr()}`
    const fired = lines('fired').length
    await vi.waitFor(() => expect(missing(sent), said()).toEqual([]), { timeout: 60_000, interval: 200 })
    await vi.waitFor(() => expect(lines('fired').length, said()).toBeGreaterThan(fired + 1), { timeout: 60_000 })
    weir.signal('SIGINT')
    ;({ stderr } = await weir.ended)
    // Of those of whom nobody knows whether they were accepted, some may still have been on their way.
    expect(onTheirWay(), said()).toEqual([])
  }
  await vi.waitFor(finish, { timeout: 100_000, interval: 10 })
  expect(stderr, `seed ${seed}`).toMatch(/messages? had not finished and (is|are) kept/)

  const results = {
    finished: lines('finished'),
    discarded: lines('discarded'),
    dead: await deadLetters(),
    waiting: parked(),
  }
  for (const [kind, found] of Object.entries(results)) {
    const wanted = [...sent].filter((n) => fate(n) === kind)
    expect(found, `${kind}, seed ${seed}`).toEqual(expect.arrayContaining(wanted))
    // Nothing that nobody has sent, and nothing with another fate.
    expect(found.filter((n) => fate(n) !== kind || !(sent.has(n) || unknown.has(n)))).toEqual([])
  }
  expect(sent.size).toBeGreaterThan(kills * 20)
  const duplicates = results.finished.length - new Set(results.finished).size
  expect(duplicates).toBeLessThanOrEqual(kills * inFlight)
  const { sent: left, fired: kept } = queued()
  expect(left).toEqual([])
  // The schedule goes on until the end: its last fire may be one that is kept for the next start.
  expect(fires().filter((at) => !lines('fired').includes(at) && !kept.includes(at))).toEqual([])
  console.log(
    `seed ${seed}: ${sent.size} sent, ${unknown.size} unknown, ${results.finished.length} finished, ${duplicates} of them again, ` +
      `${results.dead.length} dead, ${results.discarded.length} attempts discarded, ${results.waiting.length} waiting, ${fires().length} fires`,
  )
}, 400_000)

async function start(): Promise<{ readonly weir: WeirProcess; readonly url: string }> {
  const words = ['run', 'killed.yaml', '--state', 'state', '--port', '0']
  const weir = startWeir(words, { cwd: folder.path, env: { WEIR_LOG_LEVEL: 'error' } })
  current = weir
  const [, url = ''] = await weir.says(/(http:\/\/127\.0\.0\.1:\d+\/hooks\/default\/in)\n/)
  return { weir, url }
}

/** Whether it was accepted; a connection that is lost leaves that open. */
async function post(url: string, n: number): Promise<boolean> {
  for (;;) {
    try {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ n }) })
      await response.arrayBuffer()
      if (response.status === 202) return true
      // It has enough for now.
      expect(response.status).toBe(503)
      await pause(20)
    } catch {
      return false
    }
  }
}

function lines(file: string): number[] {
  const path = join(folder.path, file)
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number) : []
}

function progress(): number {
  return lines('finished').length + lines('discarded').length
}

/** Those that have been put, or tried where nobody wants them. */
function missing(sent: ReadonlySet<number>): number[] {
  const done = new Set([...lines('finished'), ...lines('discarded')])
  return [...sent].filter((n) => fate(n) !== 'dead' && fate(n) !== 'waiting' && !done.has(n))
}

async function deadLetters(): Promise<number[]> {
  const store = openSqliteStore(join(folder.path, 'state', 'weir.db'))
  const letters = await store.deadLetters.list({})
  await store.close()
  return letters.map(({ body }) => numberIn(body))
}

function parked(): number[] {
  return rows('queues.db', 'SELECT body FROM parked').map(({ body }) => numberIn(body as Uint8Array))
}

/** In one look, since they move between the two. */
function onTheirWay(): number[] {
  const bodies = rows('queues.db', 'SELECT body FROM messages UNION ALL SELECT body FROM parked')
  const numbers = bodies.flatMap(({ body }) => dataIn(body as Uint8Array).n ?? [])
  return numbers.filter((n) => fate(n) !== 'waiting')
}

/** The numbers of those that were sent, and the times of the fires. */
function queued(): { readonly sent: readonly number[]; readonly fired: readonly number[] } {
  const data = rows('queues.db', 'SELECT body FROM messages').map(({ body }) => dataIn(body as Uint8Array))
  return {
    sent: data.flatMap(({ n }) => n ?? []),
    fired: data.flatMap(({ scheduledAt }) => (scheduledAt === undefined ? [] : Date.parse(scheduledAt))),
  }
}

/** Due times; when the scheduler first saw the trigger is written down with them, and is none. */
function fires(): number[] {
  const times = rows('weir.db', 'SELECT at FROM fires').map(({ at }) => Number(at))
  return times.filter((at) => !isMark(at))
}

function rows(file: string, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(join(folder.path, 'state', file))
  const found = database.prepare(sql).all()
  database.close()
  return found
}

function numberIn(body: Uint8Array): number {
  const { n } = dataIn(body)
  if (n === undefined) throw new Error('a message without a number')
  return n
}

function dataIn(body: Uint8Array): { readonly n?: number; readonly scheduledAt?: string } {
  const payload = payloadOf(Buffer.from(body)).toString()
  return (JSON.parse(payload) as { data: { n?: number; scheduledAt?: string } }).data
}
