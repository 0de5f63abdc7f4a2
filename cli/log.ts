import type { Logger } from 'pino'
import { pino } from 'pino'
import type { Style, Terminal } from './terminal.ts'

const levelStyles: Readonly<Record<string, Style>> = {
  error: 'red',
  fatal: 'red',
  warn: 'yellow',
  info: 'green',
  debug: 'dim',
  trace: 'dim',
}
const hiddenKeys = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'err'])

/** A logger whose lines are for people: time, level, message, then `key=value`. */
export function openLog(level: string, terminal: Pick<Terminal, 'style'>, write: (line: string) => void): Logger {
  const formatters = { level: (label: string) => ({ level: label }) }
  const options = { level, base: null, formatters, timestamp: pino.stdTimeFunctions.isoTime }
  return pino(options, { write: (line) => write(`${humanLine(line, terminal)}\n`) })
}

/** One JSON line of pino's as people read it; a line that is no JSON stays as it is. */
export function humanLine(line: string, { style }: Pick<Terminal, 'style'>): string {
  const record = parseLine(line)
  if (record === undefined) return line.trimEnd()
  const level = String(record['level'])
  const time = String(record['time']).slice(11, 23)
  const keys = Object.entries(record).filter(([key]) => !hiddenKeys.has(key))
  const pairs = [...keys.map(([key, value]) => `${key}=${shown(value)}`), ...errorOf(record['err'])]
  const head = `${style('dim', time)} ${style(levelStyles[level] ?? 'dim', level.padEnd(5))} ${String(record['msg'])}`
  return pairs.length === 0 ? head : `${head}  ${style('dim', pairs.join(' '))}`
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
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
