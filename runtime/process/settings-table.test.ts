import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { settingsTable } from './settings-table.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'processes.md'), 'utf8')

it('the page of the processes has every setting as it is', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `WEIR_'))
  expect(rows.map((row) => row.replaceAll(/ +/g, ' '))).toEqual(
    settingsTable().map((row) => row.replaceAll(/ +/g, ' ')),
  )
})

it('every setting says what it is for', () => {
  expect(settingsTable().filter((row) => row.endsWith('|  |'))).toEqual([])
})
