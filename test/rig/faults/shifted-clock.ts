import { readFileSync } from 'node:fs'

/**
 * To be loaded before a program (`--import`): its wall clock is wrong by as many milliseconds as the file of `WEIR_CLOCK_FILE` says, from
 * one moment to the next; timers go on as they were, as they do when NTP sets a clock.
 */
const file = process.env['WEIR_CLOCK_FILE'] ?? ''
const readEveryMs = 20

const rightNow = Date.now
let shiftMs = 0

function read(): void {
  const read = Number(readFileSync(file, 'utf8'))
  if (Number.isFinite(read)) shiftMs = read
}

read()
setInterval(read, readEveryMs).unref()
Date.now = () => rightNow() + shiftMs
globalThis.Date = new Proxy(Date, {
  construct: (target, given: number[]) =>
    given.length === 0 ? new target(target.now()) : Reflect.construct(target, given),
})
