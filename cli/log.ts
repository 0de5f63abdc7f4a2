import { stripVTControlCharacters } from 'node:util'
import type { Logger } from 'pino'
import { pino } from 'pino'
import type { Output, Style } from './terminal.ts'
import { UsageError } from './usage-error.ts'

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const levelStyles: Readonly<Record<string, Style>> = {
  error: 'red',
  fatal: 'red',
  warn: 'yellow',
  info: 'green',
  debug: 'dim',
  trace: 'dim',
}
const hiddenKeys = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'err'])

/**
 * A logger whose lines are for people: time, level, message, then `key=value`.
 *
 * @param isTold whether people know already why something fails so: then a warning of it is left out, unless debugging
 * @throws {UsageError} when there is no such level
 */
export function openLog(level: string, output: Output, isTold: (code: string) => boolean = () => false): Logger {
  if (!logLevels.some((known) => known === level)) {
    throw new UsageError(`WEIR_LOG_LEVEL must be one of ${logLevels.join(', ')}, not "${level}"`)
  }
  const formatters = { level: (label: string) => ({ level: label }) }
  const options = { level, base: null, formatters, timestamp: pino.stdTimeFunctions.isoTime }
  const isSeen = level === 'debug' || level === 'trace' ? () => true : (line: string) => !isRepetition(line, isTold)
  const write = (line: string): void => {
    if (isSeen(line)) output.write(`${humanLine(line, output)}\n`)
  }
  return pino(options, { write })
}

/** One JSON line of pino's as people read it, whoever has written it; a line that is no record stays as it is, but for what commands a terminal. */
export function humanLine(line: string, { style }: Pick<Output, 'style'>): string {
  const record = parseLine(line)
  if (record === undefined) return printable(line.trimEnd())
  const level = printable(String(record['level']))
  const time = timeOfDay(record['time'])
  const keys = Object.entries(record).filter(([key]) => !hiddenKeys.has(key))
  const pairs = [...keys.map(([key, value]) => `${key}=${shown(value)}`), ...errorOf(record['err'])].map(printable)
  const head = `${style('dim', time)} ${style(levelStyles[level] ?? 'dim', level.padEnd(5))} ${printable(String(record['msg']))}`
  return pairs.length === 0 ? head : `${head}  ${style('dim', pairs.join(' '))}`
}

function isRepetition(line: string, isTold: (code: string) => boolean): boolean {
  const { level, err } = parseLine(line) ?? {}
  if (level !== 'warn' || typeof err !== 'object' || err === null || !('code' in err)) return false
  return typeof err.code === 'string' && isTold(err.code)
}

/** Programs of pods write milliseconds, those of people an ISO date. */
function timeOfDay(time: unknown): string {
  if (typeof time === 'string') return printable(time.slice(11, 23))
  return typeof time === 'number' && Math.abs(time) <= 8.64e15 ? new Date(time).toISOString().slice(11, 23) : ''
}

/** A number or a list alone is JSON, too, and no record. */
function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}

/** What others say may hold anything; the terminal is not theirs to command. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it is about
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '\uFFFD')
}

function shown(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:@+-]+$/.test(value)) return value
  return JSON.stringify(value)
}

function errorOf(err: unknown): string[] {
  if (err === undefined) return []
  if (typeof err === 'object' && err !== null && 'message' in err) return [`error=${shown(String(err.message))}`]
  return [`error=${shown(err)}`]
}
