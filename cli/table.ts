import { printable } from './log.ts'

/** Rows in columns under their headings, as kubectl has them; what others wrote cannot command the terminal. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [headings, ...rows.map((row) => row.map(oneLine))]
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells.map((row) => `${padded(row, widths).join('   ').trimEnd()}\n`).join('')
}

/** Lines of `Name:  value`, the values under each other. */
export function described(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const given = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined)
  const width = Math.max(...given.map(([name]) => name.length)) + 2
  return given.map(([name, value]) => `${`${name}:`.padEnd(width)}${oneLine(value)}\n`).join('')
}

const mostChars = 80

/** The first line of a text, and no more of it than there is room for; in a table, if nothing else is said. */
export function brief(text: string, chars = mostChars): string {
  const [first = ''] = text.split('\n', 1)
  return first.length > chars ? `${first.slice(0, chars - 1)}…` : first
}

function padded(row: readonly string[], widths: readonly number[]): string[] {
  return row.map((cell, column) => cell.padEnd(widths[column] ?? 0))
}

function oneLine(text: string): string {
  return printable(text).replaceAll('\n', ' ')
}
